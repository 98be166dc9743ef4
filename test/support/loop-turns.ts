/** Counts the turns of the event loop until it is stopped. */
export function countTurns(): { readonly turns: number; stop(): void } {
  let turns = 0;
  let counting = true;
  const next = () => {
    turns += 1;
    if (counting) setImmediate(next);
  };
  setImmediate(next);
  return {
    get turns() {
      return turns;
    },
    stop() {
      counting = false;
    },
  };
}
