import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { PRACTICES } from "../../src/controller/kinds.ts";
import { DEFAULT_IMAGES } from "../../src/versions.ts";
import type { ApiClient } from "../bed/api.ts";
import { waitFor } from "../bed/wait.ts";
import { aPod, bindRole, GUARDED, inForce, verdictOf } from "../support/admission.ts";
import { CHART } from "../support/chart.ts";
import { telehealth } from "../support/cli.ts";
import { type Installed, startInstalled } from "../support/installed.ts";
import type { RunningOperator } from "../support/operator.ts";

let cluster: Installed;
let operator: RunningOperator;
let namespace: string;
let mallory: ApiClient;

beforeAll(async () => {
  cluster = await startInstalled();
  operator = await cluster.operate();
  namespace = await cluster.hand.namespace(GUARDED);
  await cluster.hand.practice(namespace);
  await cluster.hand.mediaAddress(namespace);
  await cluster.hand.converged(namespace);
  mallory = await bindRole(cluster.plane.adminConnection, namespace, "mallory", "admin");
});
afterAll(async () => {
  await operator.stop();
  await mallory.close();
  await cluster.stop();
});

const runs = async (image: string) =>
  verdictOf(
    await mallory.request("POST", `/api/v1/namespaces/${namespace}/pods?dryRun=All`, aPod("a", {}, {}, { image })),
  );
const upgrade = (image: string) => cluster.chart("upgrade", "op", CHART, "--set", `config.images.postgres=${image}`);
const postgres = { name: "greenriver-postgres-0", image: DEFAULT_IMAGES.postgres };

async function restartsOnItsImage(): Promise<void> {
  const ref = { namespace, name: postgres.name };
  const former = (await cluster.hand.get(RESOURCES.Pod, ref))?.metadata.uid;
  await cluster.hand.remove(RESOURCES.Pod, ref);
  const image = await waitFor(
    async () => {
      const pod = await cluster.hand.get(RESOURCES.Pod, ref);
      const { containers = [] } = (pod?.["spec"] ?? {}) as { containers?: { image: string }[] };
      return pod && pod.metadata.uid !== former && containers[0]?.image;
    },
    { what: "the pod to come back" },
  );
  expect(image).toBe(postgres.image);
}

describe("an upgrade with another image", () => {
  it("lists the new one and keeps the one before; the one before that still restarts where it runs", async () => {
    expect(await runs("mirror.example/postgres:2")).toBe("refused");
    await upgrade("mirror.example/postgres:2");
    expect(await runs("mirror.example/postgres:2")).toBe("done");
    expect(await runs(postgres.image)).toBe("done");
    await restartsOnItsImage();
    await upgrade("mirror.example/postgres:3");
    expect(await runs(postgres.image)).toBe("refused");
    await restartsOnItsImage();
  });
});

describe("domains by namespace", () => {
  it("are granted by an annotation, and refused without it", async () => {
    await cluster.chart("upgrade", "op", CHART, "--set", "config.domains=byNamespace");
    const other = await cluster.hand.namespace(GUARDED);
    await expect(cluster.hand.practice(other)).rejects.toThrow("'op-domains'");
    await cluster.kubectl([
      "annotate",
      "namespace",
      other,
      `telehealth-operator.io/domains=a.example, ${other}.example`,
    ]);
    const applied = async () => Boolean(await cluster.hand.practice(other));
    await waitFor(applied, { what: "the grant to be known" });
    await expect(cluster.hand.practice(other, { hosts: { chat: "chat.rival.example" } })).rejects.toThrow(
      "'op-domains'",
    );
    // The operator was told by its options; it says the same where the policy did not hold.
    await operator.stop();
    operator = await cluster.operate();
    await cluster.kubectl(["annotate", "namespace", other, "telehealth-operator.io/domains-"]);
    const told = await cluster.hand.expectReason(other, "Stalled", "DomainNotGranted");
    expect(told.message).toContain(`${other}.example is not in a domain`);
    await cluster.hand.remove(PRACTICES, { namespace: other, name: "greenriver" });
    await cluster.hand.gone(PRACTICES, { namespace: other, name: "greenriver" });
  });
});

describe("when the operator is gone", () => {
  it("a practice is released, its walls stay, and one line of kubectl gives them up", async () => {
    await operator.stop();
    await cluster.hand.remove(PRACTICES, { namespace, name: "greenriver" });
    const released = await telehealth(cluster.plane.kubeconfig, ["release", "greenriver", "-n", namespace, "--yes"]);
    expect(released.code).toBe(0);
    await cluster.hand.gone(PRACTICES, { namespace, name: "greenriver" });
    const path = `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies/greenriver-default-deny`;
    expect(verdictOf(await mallory.request("DELETE", path))).toBe("refused");
    const bindings = ["validatingadmissionpolicybindings", "-l", "app.kubernetes.io/name=telehealth-operator"];
    await cluster.kubectl(["delete", ...bindings]);
    await inForce(cluster.plane);
    expect(verdictOf(await mallory.request("DELETE", path))).toBe("done");
  });

  it("a namespace with all that is left goes, and so does the chart", async () => {
    await cluster.chart("upgrade", "op", CHART);
    await cluster.hand.remove(RESOURCES.Namespace, { name: namespace });
    await cluster.hand.gone(RESOURCES.Namespace, { name: namespace });
    await cluster.chart("uninstall", "op");
    const left = await cluster.kubectl(["get", "validatingadmissionpolicies", "-o", "name"]);
    expect(left).not.toContain("/op-");
  });
});
