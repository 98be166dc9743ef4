import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { WATCH_TIMES } from "../../src/runtime/watch.ts";
import { waitFor } from "../bed/wait.ts";
import { disturbed } from "../support/disturbed.ts";
import type { ProxiedRequest } from "../support/proxy.ts";

const AT_ONCE = { milliseconds: 0 };
const LONGEST_WATCH_MS = (WATCH_TIMES.longest + WATCH_TIMES.grace) * 1000;

it("makes up for what watches did not tell that fell silent, though nobody hung up, once their time is over", async ({
  onTestFinished,
}) => {
  let silent: readonly ProxiedRequest[] = [];
  const made = await disturbed((request) =>
    request.isWatch ? { kind: "events", change: () => (silent.includes(request) ? "drop" : AT_ONCE) } : undefined,
  );
  onTestFinished(made.end);
  const { hand, namespace, clock, proxy } = made;
  await made.practice();
  await made.converged();
  const wall = { namespace, name: "greenriver-default-deny" };
  const uid = async () => (await hand.get(RESOURCES.NetworkPolicy, wall))?.metadata.uid;
  const before = await uid();
  const watches = () => proxy.requests.filter(({ isWatch }) => isWatch);

  silent = watches();
  await made.tear(wall.name);
  await made.practice({ size: "group" });
  await sleep(2000);
  // The fault is one: nobody has noticed, and every watch is still open.
  expect(await uid()).toBeUndefined();
  expect((await hand.status(namespace)).observedGeneration).toBe(1);
  expect(watches()).toEqual(silent);

  clock.pass(LONGEST_WATCH_MS);
  const back = async () => ![undefined, before].includes(await uid());
  await waitFor(back, { what: "the wall to be back" });
  const seen = async () => (await hand.status(namespace)).observedGeneration === 2;
  await waitFor(seen, { what: "the edit to be seen" });
  await made.expectLikeACleanRun({ size: "group" });
});
