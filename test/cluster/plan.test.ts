import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PRACTICES } from "../../src/controller/kinds.ts";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { waitFor } from "../bed/wait.ts";
import { bed } from "../support/bed.ts";
import { telehealth } from "../support/cli.ts";
import { type RunningOperator, startOperator } from "../support/operator.ts";
import { handOn } from "../support/own-cluster.ts";
import { practiceFor, quiet } from "../support/practice-bed.ts";

const hand = handOn(bed.adminConnection);
const name = "greenriver";
/** What the practice is made with. */
const media = { annotations: { "external-dns.alpha.kubernetes.io/ttl": "60" } };

/** What a person would run, on the manifest that this spec makes. */
async function plan(namespace: string, spec: object = {}) {
  return telehealth(bed.kubeconfig, ["plan", "-f", "-"], JSON.stringify(await practiceFor(namespace, spec)));
}

/** Names of the objects that a diff is about. */
const planned = (diff: string) => [...diff.matchAll(/^--- (\S+)/gm)].map(([, object]) => object);

const summary = /: (\d+) to create, (\d+) to change, (\d+) to remove, (\d+) unchanged\.\n$/;

function countsOf(stderr: string) {
  const [, create, change, remove, same] = summary.exec(stderr) ?? [];
  return { create: Number(create), change: Number(change), remove: Number(remove), same: Number(same) };
}

/** Everything secret in a namespace, as stored and as meant. */
async function secretsOf(namespace: string): Promise<string[]> {
  const secrets = await hand.list(RESOURCES.Secret, namespace);
  const values = secrets.flatMap((secret) => Object.values((secret["data"] ?? {}) as Record<string, string>));
  return values.flatMap((value) => [value, Buffer.from(value, "base64").toString().trim()]);
}

describe("telehealth plan, status and release on a real API server", () => {
  let namespace: string;
  let operator: RunningOperator;
  beforeAll(async () => {
    namespace = await hand.namespace();
  });
  afterAll(async () => {
    await operator.stop();
    await hand.close();
  });

  it("plans to create everything before there is anything, and writes nothing", async () => {
    const { code, stdout, stderr } = await plan(namespace);
    expect(code, stderr).toBe(0);
    expect(countsOf(stderr)).toEqual({ create: planned(stdout).length, change: 0, remove: 0, same: 0 });
    expect(planned(stdout)).toContain("StatefulSet/greenriver-synapse");
    expect(stderr).toContain("Not rendered yet: bridge.");
    expect(stdout).not.toMatch(/^-[^-]/m);
    expect(await hand.list(RESOURCES.NetworkPolicy, namespace)).toEqual([]);
    expect(await hand.get(PRACTICES, { namespace, name })).toBeUndefined();
  });

  it("plans nothing once the practice is as its manifest says", async () => {
    operator = await startOperator(bed.kubeconfig, { watchNamespaces: [namespace] });
    await hand.practice(namespace, { video: { media } });
    await hand.mediaAddress(namespace);
    await hand.expectReason(namespace, "ComponentsReady", "AllReady", name, 60_000);
    await waitFor(() => hand.get(RESOURCES.Ingress, { namespace, name: `${name}-meet` }), { what: "the last route" });
    await quiet(namespace);
    const { code, stdout, stderr } = await plan(namespace, { video: { media } });
    expect(stdout).toBe("");
    expect(countsOf(stderr)).toEqual({ create: 0, change: 0, remove: 0, same: expect.any(Number) as number });
    expect(countsOf(stderr).same).toBeGreaterThan(40);
    expect(code).toBe(0);
  });

  it("names exactly the object that an edit changes, with the lines before and after, and those that go", async () => {
    const spec = { video: { media: { externalTrafficPolicy: "Cluster" } } };
    const { code, stdout, stderr } = await plan(namespace, spec);
    expect(code, stderr).toBe(0);
    expect(planned(stdout)).toEqual([`Service/${name}-media`]);
    expect(stdout).toMatch(/^-\s+externalTrafficPolicy: Local$/m);
    expect(stdout).toMatch(/^\+\s+externalTrafficPolicy: Cluster$/m);
    expect(stdout).toMatch(/^-\s+external-dns.alpha.kubernetes.io\/ttl: "60"$/m);
    const changed = stdout.split("\n").filter((line) => /^[-+] /.test(line));
    expect(
      changed.filter((line) => !/externalTrafficPolicy|external-dns|rendered|healthCheckNodePort/.test(line)),
    ).toEqual([]);
    expect(countsOf(stderr)).toMatchObject({ create: 0, change: 1, remove: 0 });
    const live = await hand.get(RESOURCES.Service, { namespace, name: `${name}-media` });
    expect(live?.["spec"]).toMatchObject({ externalTrafficPolicy: "Local" });
  });

  it("tells what an edit creates and removes: a configuration is named after its content", async () => {
    const { code, stdout, stderr } = await plan(namespace, {
      video: { media: { ...media, addresses: [{ ip: "203.0.113.50" }] } },
    });
    expect(code, stderr).toBe(0);
    // The bridge, and the entry page, which tells patients where to try the way.
    expect(countsOf(stderr)).toMatchObject({ create: 1, change: 2 });
    expect(planned(stdout).filter((object) => object?.startsWith("StatefulSet"))).toEqual([
      `StatefulSet/${name}-bridge`,
    ]);
    expect(stdout).toContain("203.0.113.50");
  });

  it("never shows a secret", async () => {
    const secrets = (await secretsOf(namespace)).filter((value) => value.length > 8);
    expect(secrets.length).toBeGreaterThan(15);
    const outputs = [await plan(namespace), await plan(namespace, { size: "group", domain: "other.example" })];
    outputs.push(await telehealth(bed.kubeconfig, ["status", "-n", namespace]));
    const text = outputs.map(({ stdout, stderr }) => stdout + stderr).join("\n");
    expect(text.length).toBeGreaterThan(2000);
    expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
  });

  it("ends with 2 for bad input and names the field; with 1 when there is no cluster", async () => {
    const bad = await plan(namespace, { size: "enormous" });
    expect(bad).toMatchObject({ code: 2, stdout: "" });
    expect(bad.stderr).toContain("spec.size");
    expect((await telehealth(bed.kubeconfig, ["plan"])).code).toBe(2);
    expect((await telehealth(bed.kubeconfig, ["plan", "--frob"])).code).toBe(2);
    const input = JSON.stringify(await practiceFor(namespace));
    const nowhere = await telehealth("/nonexistent/kubeconfig", ["plan", "-f", "-"], input);
    expect(nowhere.code).toBe(1);
    expect(nowhere.stderr).toContain("There is no kubeconfig");
  });

  it("shows how a practice is doing, with the next step, and ends with 1 while it is not ready", async () => {
    const { code, stdout } = await telehealth(bed.kubeconfig, ["status", name, "-n", namespace]);
    expect(code).toBe(1);
    expect(stdout).toContain(`${namespace}/${name}\n`);
    expect(stdout).toMatch(/^ {2}. Ready +CertificateIssuing: /m);
    expect(stdout).toMatch(/^ {2}. ComponentsReady +AllReady: /m);
    expect(stdout).toMatch(/^ {2}. NetworkIsolated +NotProbed: /m);
    expect(stdout).toMatch(/^ {2}Next: .+/m);
    expect((await telehealth(bed.kubeconfig, ["status", "nobody", "-n", namespace])).code).toBe(2);
    const empty = await telehealth(bed.kubeconfig, ["status", "-n", await hand.namespace()]);
    expect(empty).toMatchObject({ code: 0, stdout: expect.stringContaining("There is no practice") as string });
  });

  it("frees a practice whose operator is gone, and leaves its walls and data", async () => {
    await operator.stop();
    await hand.remove(PRACTICES, { namespace, name });
    expect((await hand.get(PRACTICES, { namespace, name }))?.metadata.deletionTimestamp).toBeDefined();

    const unsure = await telehealth(bed.kubeconfig, ["release", name, "-n", namespace]);
    expect(unsure.code).toBe(2);
    expect(unsure.stderr).toContain("--yes");
    expect((await telehealth(bed.kubeconfig, ["release", "nobody", "-n", namespace, "--yes"])).code).toBe(2);
    expect(await hand.get(PRACTICES, { namespace, name })).toBeDefined();

    const { code, stderr } = await telehealth(bed.kubeconfig, ["release", name, "-n", namespace, "--yes"]);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain(`kubectl -n ${namespace} get networkpolicy,pvc`);
    await hand.gone(PRACTICES, { namespace, name });
    // What is owned goes with it; walls and data are not.
    await waitFor(async () => (await hand.names(RESOURCES.StatefulSet, namespace)).length === 0, {
      what: "the workloads to be collected",
    });
    expect(await hand.names(RESOURCES.NetworkPolicy, namespace)).toContain(`${name}-default-deny`);
    expect((await hand.names(RESOURCES.PersistentVolumeClaim, namespace)).length).toBe(2);
    expect(await hand.names(RESOURCES.Secret, namespace)).toContain(`${name}-database-1`);
  });
});
