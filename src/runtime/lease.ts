import type { LiveObject } from "../manifest.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { type Clock, sleep, systemClock } from "./clock.ts";
import type { Cluster } from "./cluster.ts";
import { ApiError } from "./errors.ts";
import { microTime } from "./events.ts";
import { RESOURCES } from "./resources.ts";

/** A write was stopped because another process may be the leader now. */
export class NotLeader extends Error {
  constructor() {
    super("This process is not the leader, so it writes nothing.");
    this.name = "NotLeader";
  }
}

export interface Lease {
  /** Competes for the lease and renews it until the signal fires, then gives it back. */
  run(signal: AbortSignal): Promise<void>;
  /** Resolves when this process has become the leader. */
  readonly acquired: Promise<void>;
  isLeader(): boolean;
  /** `Clock.now()` until which leadership is certain; 0 when it is not held. */
  validUntil(): number;
  /** For `beforeWrite`. @throws NotLeader */
  assertLeader(): void;
}

/** For one who is alone: it leads from its start to its end. */
export function leadAlone({ name, metrics }: { readonly name: string; readonly metrics: Metrics }): Lease {
  metrics.leader.set({ name }, 1);
  return {
    run: () => Promise.resolve(),
    acquired: Promise.resolve(),
    isLeader: () => true,
    validUntil: () => Infinity,
    assertLeader: () => undefined,
  };
}

interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

/** client-go's numbers but for the wait: others wait `duration`; the holder gives up `deadline` after its last success. */
const DURATION_SECONDS = 15;
const DEADLINE_MS = 10_000;
const RETRY_MS = 2000;
/** Who waits asks oftener than who renews: a lease that is given back shall not lie about for three seconds. */
const WAIT_MS = 1000;
const JITTER = 0.5;

/**
 * Leader election on a Lease, after client-go: decides by when a change was *seen here*, never by the clocks of others.
 * It is no fence: an old leader's write can still be on its way. Every write is therefore safe to repeat.
 */
export function createLease(options: {
  /** Must not check leadership before writing. */
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly name: string;
  /** Unique to this process, also after a restart in the same pod. */
  readonly identity: string;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Leadership was lost: the process must exit. Not called when it is given back. */
  readonly onLost: () => void;
  /** Whether the process does its work. While it does not, the lease is neither taken nor renewed. */
  readonly isAlive?: () => boolean;
  /** Fires when the process could lead at once; until then the lease is looked at, and left to others. At once when absent. */
  readonly ready?: AbortSignal;
  /** Told of each change of `validUntil`. */
  readonly onRenewed?: (until: number) => void;
  readonly clock?: Clock;
}): Lease {
  const { cluster, namespace, name, identity, metrics, logger, onLost, clock = systemClock } = options;
  const { isAlive = () => true, ready = AbortSignal.abort(), onRenewed = () => {} } = options;
  const ref = { namespace, name };
  const resource = RESOURCES.Lease;
  let observed = "";
  let observedAt = 0;
  let duration = DURATION_SECONDS * 1000;
  let until = 0;
  /** As it was last seen, and whether it was claimed since: then it may be ours by now. */
  let current: LiveObject | undefined;
  let claimed = false;
  const won = Promise.withResolvers<void>();
  metrics.leader.set({ name }, 0);

  /** @returns whether the lease is ours after this. */
  async function tryOnce(signal: AbortSignal): Promise<boolean> {
    const within = cluster.within(AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]));
    const askedAt = clock.now();
    current = await within.get(resource, ref);
    claimed = false;
    const spec = specOf(current);
    const seen = JSON.stringify(spec);
    if (seen !== observed) [observed, observedAt] = [seen, clock.now()];
    duration = (spec.leaseDurationSeconds ?? DURATION_SECONDS) * 1000;
    if (!ready.aborted || (isTheirs(current) && clock.now() < observedAt + duration)) return false;
    claimed = true;
    current = await write(within, claim(spec));
    // Counted from before the request: the others count from when they see it, which is later.
    setUntil(askedAt + DEADLINE_MS);
    return true;
  }

  function isTheirs(lease: LiveObject | undefined): boolean {
    const { holderIdentity = "" } = specOf(lease);
    return holderIdentity !== "" && holderIdentity !== identity;
  }

  /** Refused when the lease is not `current` any more: somebody was faster. */
  function write(within: Cluster, spec: LeaseSpec): Promise<LiveObject> {
    const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: ref, spec };
    if (!current) return within.create(resource, lease, identity);
    const { resourceVersion } = current.metadata;
    return within.mergePatch(resource, ref, { metadata: { resourceVersion }, spec }, identity);
  }

  function setUntil(value: number): void {
    until = value;
    onRenewed(value);
  }

  function claim(spec: LeaseSpec): LeaseSpec {
    const now = microTime(clock.date());
    const same = spec.holderIdentity === identity;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: DURATION_SECONDS,
      acquireTime: same ? (spec.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: (spec.leaseTransitions ?? -1) + (same ? 0 : 1),
    };
  }

  async function attempt(signal: AbortSignal): Promise<boolean | undefined> {
    if (!isAlive()) {
      logger.warn({ lease: name, identity }, "the operator's loop stands still; the lease is not renewed");
      return undefined;
    }
    try {
      return await tryOnce(signal);
    } catch (error) {
      if (!signal.aborted && !isConflict(error)) {
        logger.warn({ err: error, lease: name }, "the lease could not be read or renewed");
      }
      return undefined;
    }
  }

  /** The lease of one that is gone is taken as soon as it may be. */
  function untilFree(): number {
    const left = observedAt + duration - clock.now();
    return left > 0 ? left : Infinity;
  }

  async function acquire(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      if (await attempt(signal)) return true;
      const wait = Math.min(WAIT_MS * (1 + clock.random() * JITTER), untilFree());
      await sleep(clock, wait, ready.aborted ? signal : AbortSignal.any([signal, ready]));
    }
    return false;
  }

  /** Renews until the signal fires or the deadline has passed. @returns whether leadership is still ours. */
  async function hold(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      await sleep(clock, RETRY_MS, signal);
      if (signal.aborted) break;
      const deadline = new AbortController();
      const cancel = clock.after(Math.max(0, until - clock.now()), () => deadline.abort(new NotLeader()));
      const held = await attempt(AbortSignal.any([signal, deadline.signal]));
      cancel();
      if (held === false || clock.now() >= until) return false;
    }
    return true;
  }

  /**
   * A claim whose answer nobody waited for may have been taken, or still be on its way. So a free lease is written over whatever
   * it can have left, and makes it fail if it comes later.
   */
  async function release(): Promise<void> {
    setUntil(0);
    const spec = { holderIdentity: "", leaseDurationSeconds: 1, renewTime: microTime(clock.date()) };
    const within = cluster.within(AbortSignal.timeout(RETRY_MS));
    try {
      do {
        if (await succeeded(write(within, spec))) return;
        current = await within.get(resource, ref);
      } while (!isTheirs(current));
    } catch (error) {
      logger.info({ err: error, lease: name }, "the lease could not be given back; it will run out");
    }
  }

  return {
    async run(signal) {
      if (!(await acquire(signal))) return claimed ? release() : undefined;
      logger.info({ lease: name, identity }, "became the leader");
      metrics.leader.set({ name }, 1);
      won.resolve();
      const held = await hold(signal);
      metrics.leader.set({ name }, 0);
      if (held) return release();
      setUntil(0);
      logger.error({ lease: name, identity }, "lost the leadership");
      onLost();
    },
    acquired: won.promise,
    isLeader: () => clock.now() < until,
    validUntil: () => until,
    assertLeader() {
      if (clock.now() >= until) throw new NotLeader();
    },
  };
}

function specOf(lease: LiveObject | undefined): LeaseSpec {
  return lease?.["spec"] ?? {};
}

function isConflict(error: unknown): boolean {
  return error instanceof ApiError && error.status === 409;
}

/** @returns false when somebody was faster. */
async function succeeded(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (isConflict(error)) return false;
    throw error;
  }
}
