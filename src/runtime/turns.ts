let last: Promise<void> = Promise.resolve();

/**
 * Waits for a turn of the event loop that no other caller has. For work that holds the processor for milliseconds: looks at
 * objects of which nothing has to be read or written would else follow one another without end, and meanwhile no answer is
 * taken in, no probe is answered and the Lease gets no sign of life. There is one event loop, so there is one queue for it.
 */
export function ownTurn(): Promise<void> {
  last = last.then(() => new Promise((resolve) => setImmediate(resolve)));
  return last;
}
