import { writeSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { environment } from "../config.ts";
import { createLease } from "../runtime/lease.ts";
import { leaseState, sharedClock } from "../runtime/lease-state.ts";
import type { LeaseNews, LeaseOrder } from "../runtime/lease-thread.ts";
import { createLogger } from "../telemetry/logger.ts";
import { connectTo } from "./connect.ts";

/** What this thread is given: see `createLeaseThread`. */
export interface LeaseWork {
  /** The kubeconfig's context; the current one when absent. */
  readonly context?: string | undefined;
  readonly logLevel: string;
  /** Where the Lease is; the operator's own namespace when absent. */
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly identity: string;
}

/** A main loop that stood still for so long does no work that a leader has to do. */
const DEAD_MS = 5000;
/** The time for the main thread to end the process by itself. */
const LAST_WORD_MS = 500;

const { context, logLevel, name, identity, buffer, ...work } = workerData as LeaseWork & { buffer: SharedArrayBuffer };
const state = leaseState(buffer);
// Not through the main thread, whose loop may stand still.
const logger = createLogger(logLevel, { write: (line) => void writeSync(1, line) });
const { cluster, metrics, transport, namespace } = await connectTo(context, environment());
const [ready, stop] = [new AbortController(), new AbortController()];
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin, only a window has
const tell = (news: LeaseNews) => parentPort?.postMessage(news);

const lease = createLease({
  cluster,
  namespace: work.namespace ?? namespace,
  name,
  identity,
  metrics,
  logger,
  clock: sharedClock,
  isAlive: () => sharedClock.now() - state.lastBeat() < DEAD_MS,
  ready: ready.signal,
  onRenewed: state.setValidUntil,
  onLost() {
    tell("lost");
    setTimeout(() => process.kill(process.pid, "SIGKILL"), LAST_WORD_MS);
  },
});
parentPort?.on("message", (order: LeaseOrder) => (order === "ready" ? ready : stop).abort());
void lease.acquired.then(() => tell("acquired"));
await lease.run(stop.signal);
if (stop.signal.aborted) {
  await transport.close();
  parentPort?.close();
}
