import { expect, it } from "vitest";
import { watchEventLoop } from "../../src/telemetry/event-loop.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";

it("tells how long the event loop was held since the last scrape, and begins afresh", async () => {
  const metrics = createMetrics();
  watchEventLoop(metrics);
  const scrape = async () => {
    await new Promise((resolve) => setTimeout(resolve, 30));
    const line = /^nodejs_eventloop_lag_max_seconds (.+)$/m.exec(await metrics.registry.metrics());
    return Number(line?.[1]);
  };
  await scrape();
  // The monitor begins with its first look after a reset.
  await new Promise((resolve) => setTimeout(resolve, 50));
  for (const until = performance.now() + 600; performance.now() < until;);
  expect(await scrape()).toBeGreaterThan(0.5);
  const calm = await Promise.all([scrape(), scrape()]);
  expect(Math.min(...calm)).toBeLessThan(0.5);
});
