import { expect, it } from "vitest";
import { LABEL } from "../../src/api/group.ts";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { waitFor } from "../bed/wait.ts";
import { bed } from "../support/bed.ts";
import { runOperator } from "../support/operator.ts";
import { handOn } from "../support/own-cluster.ts";
import { quiet } from "../support/practice-bed.ts";
import { startProxy } from "../support/proxy.ts";

const ADDRESS = { video: { media: { addresses: [{ ip: "203.0.113.7", port: 10_000 }] } } };

it("what somebody put in a configuration's place while the operator was down goes before anything is said, with the pod that read it", async ({
  onTestFinished,
}) => {
  const hand = handOn(bed.adminConnection);
  const namespace = await hand.namespace();
  const proxy = await startProxy(bed);
  onTestFinished(async () => {
    await proxy.stop();
    await hand.close();
  });
  const before = runOperator(bed.adminConnection, [namespace]);
  await hand.practice(namespace, ADDRESS);
  await hand.converged(namespace);
  await quiet(namespace);
  await before.stop();

  const pod = async (role: string) => {
    const pods = await hand.list(RESOURCES.Pod, namespace);
    return pods.find(
      ({ metadata: { labels, deletionTimestamp } }) => labels?.[LABEL.role] === role && !deletionTimestamp,
    );
  };
  const replaced = (role: string, uid = "") =>
    waitFor(async () => ![undefined, uid].includes((await pod(role))?.metadata.uid), {
      what: `another pod of ${role}`,
    });
  const name =
    (await hand.names(RESOURCES.ConfigMap, namespace)).find((one) => one.startsWith("greenriver-front-web-")) ?? "";
  const map = await hand.get(RESOURCES.ConfigMap, { namespace, name });
  if (!map) throw new Error("The front has no web files.");
  const { labels = {} } = map.metadata;
  await hand.remove(RESOURCES.ConfigMap, { namespace, name });
  const { apiVersion, kind } = map;
  const data = { ...(map["data"] as object), "head.html": "<script>plain()</script>" };
  await hand.create(RESOURCES.ConfigMap, {
    apiVersion,
    kind,
    metadata: { namespace, name, labels },
    immutable: true,
    data,
  });
  const [front, signalling] = [await pod("front"), await pod("signalling")];
  await hand.remove(RESOURCES.Pod, { namespace, name: front?.metadata.name ?? "" });
  await replaced("front", front?.metadata.uid);
  const misled = await pod("front");

  const after = runOperator(proxy.connection, [namespace]);
  onTestFinished(after.stop);
  await replaced("front", misled?.metadata.uid);
  expect((await hand.get(RESOURCES.ConfigMap, { namespace, name }))?.["data"]).toEqual(map["data"]);
  await quiet(namespace);
  const writes = proxy.requests.filter(({ isWrite }) => isWrite).map(({ method, path }) => `${method} ${path}`);
  const at = (what: RegExp) => writes.findIndex((write) => what.test(write));
  expect([at(/^DELETE .*\/configmaps\//), at(/^POST .*\/configmaps$/)], writes.join("\n")).toEqual([0, 1]);
  const told = at(/\/status$/);
  expect(told === -1 || told > 1, writes.join("\n")).toBe(true);
  expect((await pod("signalling"))?.metadata.uid).toBe(signalling?.metadata.uid);
});
