import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Metrics } from "./metrics.ts";

const RESOLUTION_MS = 10;

/** Tells with each scrape how long the event loop was held at most since the one before. */
export function watchEventLoop(metrics: Metrics): void {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  metrics.onScrape(() => {
    metrics.eventLoopLag.set(delay.max / 1e9);
    delay.reset();
  });
}
