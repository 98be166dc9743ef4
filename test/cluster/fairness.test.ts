import { expect, it } from "vitest";
import { type Clock, systemClock } from "../../src/runtime/clock.ts";
import { waitFor } from "../bed/wait.ts";
import { bed } from "../support/bed.ts";
import { runOperator } from "../support/operator.ts";
import { handOn } from "../support/own-cluster.ts";
import { startProxy } from "../support/proxy.ts";

/** One more than there are workers. */
const SICK = 9;
const HALF_OF_THE_WORKERS = 4;
const FOREVER = 3_600_000;

/** Real time, but a reconcile's minute is over when the test says so. */
function clockOfEndlessMinutes(): Clock & { readonly minutes: Set<() => void> } {
  const minutes = new Set<() => void>();
  return {
    ...systemClock,
    minutes,
    after(ms, run) {
      if (ms !== 60_000) return systemClock.after(ms, run);
      minutes.add(run);
      return () => void minutes.delete(run);
    },
  };
}

it("builds a practice while the writes of nine others hang, and those when they are well again", async ({
  onTestFinished,
}) => {
  const hand = handOn(bed.adminConnection);
  const [well = "", ...sick] = await Promise.all(Array.from({ length: 1 + SICK }, () => hand.namespace()));
  let hangs = true;
  const [hanging, failed] = [new Set<string>(), new Set<string>()];
  const proxy = await startProxy(bed, ({ isWrite, path }) => {
    const [, namespace = ""] = /\/namespaces\/([^/]+)\/networkpolicies/.exec(path) ?? [];
    if (!isWrite || !hangs || !sick.includes(namespace)) return undefined;
    hanging.add(namespace);
    return { kind: "delay", milliseconds: FOREVER };
  });
  const clock = clockOfEndlessMinutes();
  const operator = runOperator(proxy.connection, [well, ...sick], { clock });
  onTestFinished(async () => {
    await operator.stop();
    await proxy.stop();
    await hand.close();
  });
  const endMinutes = () => {
    for (const namespace of hanging) failed.add(namespace);
    hanging.clear();
    for (const end of clock.minutes) end();
  };
  const spec = { video: { media: { addresses: [{ ip: "203.0.113.7", port: 10_000 }] } } };

  for (const namespace of sick) await hand.practice(namespace, spec);
  const allFailed = () => {
    endMinutes();
    return failed.size === SICK;
  };
  await waitFor(allFailed, { timeout: 60_000, interval: 1000, what: "all that are sick to fail" });
  await waitFor(() => hanging.size >= HALF_OF_THE_WORKERS, { what: "some of them to hang again" });

  await hand.practice(well, spec);
  await hand.converged(well);
  expect(hanging.size).toBe(HALF_OF_THE_WORKERS);
  hangs = false;
  endMinutes();
  await Promise.all(sick.map((namespace) => hand.converged(namespace)));
});
