const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export const CLEARING = "What was made for it is being removed.";

/**
 * Runs something that ends early, in its own way, when the person at the keyboard wants it to.
 * @param told what they are told then, a sentence.
 */
export async function untilInterrupted<T>(told: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const interrupted = () => stop.abort(new Error(`Interrupted. ${told}`));
  for (const signal of SIGNALS) process.once(signal, interrupted);
  try {
    return await work(stop.signal);
  } catch (error) {
    // Whatever was under way says only that it was stopped.
    throw stop.signal.aborted ? stop.signal.reason : error;
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupted);
  }
}
