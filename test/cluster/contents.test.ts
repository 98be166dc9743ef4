import { expect, it, type TestContext } from "vitest";
import { REPAIR_SECONDS } from "../../src/controller/door.ts";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { bed } from "../support/bed.ts";
import { jumpingClock } from "../support/jumping-clock.ts";
import { runOperator } from "../support/operator.ts";
import { handOn } from "../support/own-cluster.ts";
import { quiet } from "../support/practice-bed.ts";
import { type ProxiedRequest, startProxy } from "../support/proxy.ts";
import { waitFor } from "../bed/wait.ts";

const SPEC = { video: { media: { addresses: [{ ip: "203.0.113.7", port: 10_000 }] } } };

/** A practice that an operator has made, which is gone; the next one starts behind a proxy that does what `fault` says. */
async function afterAStart({ onTestFinished }: Pick<TestContext, "onTestFinished">) {
  const hand = handOn(bed.adminConnection);
  const namespace = await hand.namespace();
  const state = { refuses: false };
  const proxy = await startProxy(bed, (request) =>
    state.refuses && isRead(request) ? { kind: "answer", status: 403, reason: "Forbidden" } : undefined,
  );
  onTestFinished(async () => {
    await proxy.stop();
    await hand.close();
  });
  const before = runOperator(bed.adminConnection, [namespace]);
  await hand.practice(namespace, SPEC);
  await hand.converged(namespace);
  await quiet(namespace);
  await before.stop();
  const made = await hand.status(namespace);
  const clock = jumpingClock();
  const start = () => {
    const operator = runOperator(proxy.connection, [namespace], { clock });
    onTestFinished(operator.stop);
  };
  const look = () =>
    hand.patch(RESOURCES.Service, { namespace, name: "greenriver-front" }, word(String(Math.random())));
  return { made, hand, namespace, proxy, clock, state, start, look, reads: () => proxy.requests.filter(isRead) };
}

/** Asks for the files of a practice, which its start has left out. */
const isRead = ({ path, query }: ProxiedRequest) => path.endsWith("/configmaps") && query.has("resourceVersionMatch");

const PROMISES: readonly string[] = ["EndToEndEncryptionEnforced", "RecordingDisabled", "NetworkIsolated"];

const word = (text: string) => ({ metadata: { annotations: { word: text } } });

it("files are read by one request at the first look after a start, and never again", async (test) => {
  const { hand, namespace, proxy, start, look, reads } = await afterAStart(test);
  start();
  await waitFor(() => reads().length > 0, { what: "the files to be read" });
  await quiet(namespace);
  await look();
  await quiet(namespace);
  const name = (await hand.names(RESOURCES.ConfigMap, namespace)).find((one) => one.includes("-front-web-")) ?? "";
  await hand.remove(RESOURCES.ConfigMap, { namespace, name });
  await waitFor(() => hand.get(RESOURCES.ConfigMap, { namespace, name }), { what: "the file to be back" });
  await quiet(namespace);
  expect(reads()).toHaveLength(1);
  const writes = proxy.requests.filter(({ isWrite }) => isWrite).map(({ method, path }) => `${method} ${path}`);
  expect(writes.filter((write) => !write.endsWith("/events"))).toEqual([
    `POST /api/v1/namespaces/${namespace}/configmaps`,
  ]);
});

it("while files cannot be read nothing is judged by them nor put right, and the door is watched all the same", async (test) => {
  const { made, hand, namespace, proxy, clock, state, start, look, reads } = await afterAStart(test);
  const routes = async () => (await hand.list(RESOURCES.Ingress, namespace)).length;
  state.refuses = true;
  start();
  await hand.expectReason(namespace, "Ready", "Forbidden");
  const asked = reads().length;
  clock.jump(REPAIR_SECONDS * 1000);
  await look();
  await waitFor(() => reads().length > asked, { what: "another look" });
  await quiet(namespace);
  const told = (await hand.status(namespace)).conditions ?? [];
  const promises = ({ type }: { type: string }) => PROMISES.includes(type);
  expect(told.filter(promises)).toEqual(made.conditions?.filter(promises));
  expect(await routes()).toBe(4);
  const isOther = ({ isWrite, path }: ProxiedRequest) => isWrite && !/\/(status|events)$/.test(path);
  expect(proxy.requests.filter(isOther).map(({ path }) => path)).toEqual([]);

  const hole = { namespace, name: "hole" };
  const spec = { podSelector: {}, ingress: [{}], policyTypes: ["Ingress"] };
  const { group, version, kind } = RESOURCES.NetworkPolicy;
  await hand.create(RESOURCES.NetworkPolicy, { apiVersion: `${group}/${version}`, kind, metadata: hole, spec });
  await hand.expectReason(namespace, "NetworkIsolated", "ForeignPolicy");
  clock.jump(REPAIR_SECONDS * 1000);
  await look();
  await waitFor(async () => (await routes()) === 0, { what: "the door to be closed" });
  await hand.remove(RESOURCES.NetworkPolicy, hole);

  state.refuses = false;
  await look();
  const ready = made.conditions?.find(({ type }) => type === "Ready");
  await hand.expectReason(namespace, "Ready", ready?.reason ?? "");
  expect(await routes()).toBe(4);
});
