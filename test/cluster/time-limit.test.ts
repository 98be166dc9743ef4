import { expect, it } from "vitest";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { waitFor } from "../bed/wait.ts";
import { bed } from "../support/bed.ts";
import { runOperator } from "../support/operator.ts";
import { handOn } from "../support/own-cluster.ts";
import { startProxy } from "../support/proxy.ts";

/** A minute in which a reconcile has to be through passes in three seconds. */
const clock: typeof systemClock = {
  ...systemClock,
  after: (ms, run) => systemClock.after(ms === 60_000 ? 3000 : ms, run),
};

it("a practice of which a write never ends says so, and goes on when it ends", async ({ onTestFinished }) => {
  let hangs = true;
  const proxy = await startProxy(bed, ({ isWrite, path }) =>
    hangs && isWrite && /\/services(\/greenriver-front)?$/.test(path)
      ? { kind: "delay", milliseconds: 120_000 }
      : undefined,
  );
  const hand = handOn(bed.adminConnection);
  const namespace = await hand.namespace();
  const operator = runOperator(proxy.connection, [namespace], { clock });
  onTestFinished(async () => {
    await operator.stop();
    await proxy.stop();
    await hand.close();
  });
  await hand.practice(namespace);
  const { message } = await hand.expectReason(namespace, "Ready", "ApiServerUnavailable");
  expect(message).toContain("took longer than");
  expect(await hand.get(RESOURCES.Service, { namespace, name: "greenriver-front" })).toBeUndefined();
  hangs = false;
  const made = async () => (await hand.get(RESOURCES.Service, { namespace, name: "greenriver-front" })) !== undefined;
  await waitFor(made, { timeout: 60_000, what: "the Service" });
});
