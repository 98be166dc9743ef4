import type { Metrics } from "../telemetry/metrics.ts";
import { type Clock, systemClock } from "./clock.ts";

/**
 * How urgent a key is. `user`: somebody waits for a change. `new`: nothing is there of it yet; what was begun is finished
 * first, so that of many that are made together the first are ready soon. `start`: nothing is known to have changed.
 */
export type Priority = "user" | "normal" | "new" | "start";

/**
 * Keys that want work, the urgent first, in order among equals; each key at most once in the queue and at most once in
 * work. A key added while it is in work comes back when that work is done, so no change is ever lost. The semantics are
 * those of client-go's work queue; the priorities are controller-runtime's, but nothing starves: every fourth key is the
 * one that has waited longest. Of keys that failed only so many are in work at the same time, whatever they are wanted
 * for: a failure may take long, and the others must always find a worker.
 */
export interface Queue {
  /** Of several priorities for one key the highest counts. */
  add(key: string, priority?: Priority): void;
  /** Adds after `ms`; of several times for one key the earliest counts. What began at `start` stays behind what is news. */
  addAfter(key: string, ms: number): void;
  /** The key failed: adds it after its back-off, 1 s, doubling up to 5 min until `forget`, or after `latestMs` if that is less. */
  addRateLimited(key: string, latestMs?: number): void;
  /** Starts the key's back-off afresh; it still counts as one that failed. */
  startAfresh(key: string): void;
  /** The key did not fail: its failures no longer count. */
  forget(key: string): void;
  /** The next key, once there is one; `undefined` when the queue is shut down. Call `done` with it afterwards. */
  take(): Promise<string | undefined>;
  done(key: string): void;
  /** Takes no more keys in and gives no more out. */
  shutDown(): void;
  /** Keys ready for a worker. */
  readonly length: number;
  /** Keys of which anything at all is remembered. */
  readonly remembered: number;
}

const PRIORITIES: readonly Priority[] = ["user", "normal", "new", "start"];
/** Every so many keys, the one that has waited longest is next. */
const OLDEST_EVERY = 4;
/** What is looked at again after so long is routine, not news. */
const ROUTINE_MS = 60_000;
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 300_000;

export function createQueue(options: {
  readonly name: string;
  readonly metrics: Metrics;
  /** How many keys that failed may be in work at the same time. */
  readonly mostFailing: number;
  readonly clock?: Clock;
}): Queue {
  const { name, metrics, mostFailing, clock = systemClock } = options;
  const ready = createLines();
  const processing = new Map<string, { readonly since: number; readonly line: Line }>();
  /** In work and wanted again. */
  const dirty = new Map<string, Priority>();
  const delayed = new Map<string, { readonly due: number; readonly cancel: () => void }>();
  const failures = new Map<string, number>();
  const takers: ((key: string | undefined) => void)[] = [];
  let failingInWork = 0;
  let open = true;
  let given = 0;

  metrics.onScrape(() => {
    const ages = [...processing.values()].map(({ since }) => (clock.now() - since) / 1000);
    metrics.queueDepth.set({ name }, length());
    metrics.unfinishedSeconds.set(
      { name },
      ages.reduce((sum, age) => sum + age, 0),
    );
    metrics.longestSeconds.set({ name }, Math.max(0, ...ages));
  });

  function length(): number {
    return ready.reduce((sum, { keys }) => sum + keys.size, 0);
  }

  function add(key: string, priority: Priority = "normal"): void {
    if (!open) return;
    const line = ready.find(({ keys }) => keys.has(key));
    const known = dirty.get(key) ?? line?.priority;
    if (known === undefined) metrics.queueAdds.inc({ name });
    else if (PRIORITIES.indexOf(known) <= PRIORITIES.indexOf(priority)) return;
    if (processing.has(key)) return void dirty.set(key, priority);
    const since = line?.keys.get(key);
    line?.keys.delete(key);
    enter(key, priority, since);
  }

  function enter(key: string, priority: Priority, since = clock.now()): void {
    const failing = failures.has(key);
    ready.find((line) => line.priority === priority && line.failing === failing)?.keys.set(key, since);
    hand();
  }

  function next(): { key: string; since: number; line: Line } | undefined {
    const firsts = ready.flatMap((line) => {
      if (line.failing && failingInWork >= mostFailing) return [];
      const [first] = line.keys;
      return first ? [{ key: first[0], since: first[1], line }] : [];
    });
    if (given % OLDEST_EVERY === OLDEST_EVERY - 1) firsts.sort((a, b) => a.since - b.since);
    return firsts[0];
  }

  function hand(): void {
    while (takers.length > 0) {
      const found = next();
      if (!found) return;
      const { key, since, line } = found;
      given += 1;
      line.keys.delete(key);
      processing.set(key, { since: clock.now(), line });
      if (line.failing) failingInWork += 1;
      metrics.queueSeconds.observe({ name }, (clock.now() - since) / 1000);
      takers.shift()?.(key);
    }
  }

  function addAfter(key: string, ms: number): void {
    const isStart = processing.get(key)?.line.priority === "start" || ms >= ROUTINE_MS;
    const priority = isStart ? "start" : "normal";
    if (ms <= 0) return add(key, priority);
    const due = clock.now() + ms;
    const waiting = delayed.get(key);
    if (!open || (waiting && waiting.due <= due)) return;
    waiting?.cancel();
    const cancel = clock.after(ms, () => {
      delayed.delete(key);
      add(key, priority);
    });
    delayed.set(key, { due, cancel });
  }

  return {
    add,
    addAfter,
    addRateLimited(key, latestMs = LAST_RETRY_MS) {
      const count = failures.get(key) ?? 0;
      failures.set(key, count + 1);
      metrics.queueRetries.inc({ name });
      const delay = Math.min(latestMs, LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(count, 20));
      // Up to a tenth earlier, so that keys that failed together do not come back together.
      addAfter(key, delay * (1 - clock.random() / 10));
    },
    startAfresh(key) {
      if (failures.has(key)) failures.set(key, 0);
    },
    forget: (key) => void failures.delete(key),
    take() {
      if (!open) return Promise.resolve(undefined);
      return new Promise((resolve) => {
        takers.push(resolve);
        hand();
      });
    },
    done(key) {
      const work = processing.get(key);
      if (!work) return;
      processing.delete(key);
      if (work.line.failing) failingInWork -= 1;
      metrics.workSeconds.observe({ name }, (clock.now() - work.since) / 1000);
      const again = dirty.get(key);
      dirty.delete(key);
      if (!open) return;
      if (again) enter(key, again);
      else hand();
    },
    shutDown() {
      open = false;
      for (const { cancel } of delayed.values()) cancel();
      delayed.clear();
      for (const { keys } of ready) keys.clear();
      dirty.clear();
      failures.clear();
      for (const taker of takers.splice(0)) taker(undefined);
    },
    get length() {
      return length();
    },
    get remembered() {
      const keys = [...ready.map(({ keys }) => keys), processing, dirty, delayed, failures];
      return new Set(keys.flatMap((map) => [...map.keys()])).size;
    },
  };
}

/** Keys of one priority that are wanted and not in work, in order, each with the time of adding. */
interface Line {
  readonly priority: Priority;
  /** Whether these failed when they were last in work. */
  readonly failing: boolean;
  readonly keys: Map<string, number>;
}

/** The most urgent first; of equal urgency those that did not fail. */
function createLines(): readonly Line[] {
  return PRIORITIES.flatMap((priority) => [
    { priority, failing: false, keys: new Map<string, number>() },
    { priority, failing: true, keys: new Map<string, number>() },
  ]);
}
