import { type Clock, systemClock } from "./clock.ts";

/** Two numbers that two threads share: when the main loop last turned, and until when this process surely leads. */
export interface LeaseState {
  beat(): void;
  /** `sharedClock.now()` of the last beat. */
  lastBeat(): number;
  setValidUntil(until: number): void;
  /** 0 when the lease is not held. */
  validUntil(): number;
}

/** Milliseconds that all threads of a process count alike, unlike `performance.now()`. */
export const sharedClock: Clock = { ...systemClock, now: () => Number(process.hrtime.bigint()) / 1e6 };

const BYTES = 16;
const [BEAT, UNTIL] = [0, 1] as const;

/** @param buffer the same one in both threads, from `leaseBuffer`. */
export function leaseState(buffer: SharedArrayBuffer): LeaseState {
  // In microseconds, because only integers can be shared without tearing.
  const values = new BigInt64Array(buffer);
  const write = (index: number, ms: number) => void Atomics.store(values, index, BigInt(Math.round(ms * 1000)));
  const read = (index: number) => Number(Atomics.load(values, index)) / 1000;
  return {
    beat: () => write(BEAT, sharedClock.now()),
    lastBeat: () => read(BEAT),
    setValidUntil: (until) => write(UNTIL, until),
    validUntil: () => read(UNTIL),
  };
}

export function leaseBuffer(): SharedArrayBuffer {
  return new SharedArrayBuffer(BYTES);
}
