/** Orders to list a kind anew. */
export interface Relists {
  /**
   * Asks for a list that begins from now on; resolves when it is through, which may be never. What is asked for while one goes
   * on comes after it, once for all who asked: nothing is begun again and again.
   */
  ask(): Promise<void>;
  /** A list that began after it was asked for is through. */
  done(): void;
}

/** @param begin makes the lister begin anew, whatever it is at. */
export function createRelists(begin: () => void): Relists {
  let current: PromiseWithResolvers<void> | undefined;
  let next: PromiseWithResolvers<void> | undefined;
  return {
    ask() {
      if (current) return (next ??= Promise.withResolvers<void>()).promise;
      current = Promise.withResolvers();
      begin();
      return current.promise;
    },
    done() {
      current?.resolve();
      current = next;
      next = undefined;
      if (current) begin();
    },
  };
}
