import { writeSync } from "node:fs";
import { createLeaseThread } from "../../src/runtime/lease-thread.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";

/** A process of its own that leads, and does on its standard input's word what a test wants of it: `block`, `stop`. */

const stop = new AbortController();
const say = (word: string) => void writeSync(1, `${word}\n`);
const lease = createLeaseThread({
  worker: new URL("../../src/cli/lease-worker.ts", import.meta.url),
  data: { logLevel: "warn", namespace: "ops", name: "op", identity: `leader-${process.pid}` },
  name: "op",
  metrics: createMetrics(),
  logger: createLogger("warn"),
  onLost: () => {
    say("lost");
    process.exit(1);
  },
});
const ended = lease.run(stop.signal);
await lease.acquired;
lease.assertLeader();
say(lease.isLeader() ? "leading" : "not leading");
process.stdin.on("data", (word) => {
  if (String(word).trim() === "stop") stop.abort();
  else for (;;);
});
await ended;
say(lease.isLeader() ? "leading still" : "given back");
process.exit(0);
