import { dayOf } from "./receipts.ts";
import type { Prosody } from "./prosody.ts";
import type { Rooms } from "./rooms.ts";
import type { Store } from "./store.ts";

const LOOK_EVERY_MS = 15_000;
const FORGET_EVERY_MS = 300_000;

/** What goes on beside the requests. */
export interface Watch {
  /** Something was taken back that Prosody has not been told: say it as soon as it answers. */
  readonly untold: () => void;
  readonly stop: () => void;
}

/**
 * Tells Prosody again what was taken back whenever it has started anew, because it remembers in memory alone; and
 * removes from the database what is over. Former keys are given up when their Secret is gone. Whatever does not answer is asked again the next time.
 */
export function watch(
  parts: {
    readonly rooms: Rooms;
    readonly prosody: Prosody;
    readonly store: Store;
    /** Absent: none is kept, and what was kept is removed. */
    readonly receiptDays?: number;
    /** Gives up keys that are gone. */
    readonly giveUpKeys: () => void;
    readonly now: () => number;
  },
  everyMs = LOOK_EVERY_MS,
): Watch {
  const { rooms, prosody, store, receiptDays, giveUpKeys, now } = parts;
  let told: number | undefined;
  let owed = 0;

  async function look(): Promise<void> {
    giveUpKeys();
    const before = owed;
    const started = await prosody.started();
    if (started === told) return;
    await rooms.tellAgain();
    // What was taken back meanwhile may not have been on the list.
    told = owed === before ? started : undefined;
  }

  const every = (ms: number, act: () => Promise<void>) => {
    let busy = false;
    const once = async () => {
      if (busy) return;
      busy = true;
      await act().catch(() => undefined);
      busy = false;
    };
    void once();
    return setInterval(() => void once(), ms).unref();
  };
  const tidy = async () => {
    // What a page that was replaced could not tell any more, this one tells.
    told = undefined;
    await store.forget(now());
    const today = dayOf(now());
    await store.forgetReceipts(today, receiptDays === undefined ? undefined : today + receiptDays);
  };
  const timers = [every(everyMs, look), every(FORGET_EVERY_MS, tidy)];
  return {
    untold: () => {
      owed += 1;
      told = undefined;
    },
    stop: () => timers.forEach((timer) => clearInterval(timer)),
  };
}
