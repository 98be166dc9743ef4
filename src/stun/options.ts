/** What the responder is told by its pod. */
export interface StunOptions {
  readonly port: number;
  /** At most so many answers a second, to all together. */
  readonly answersPerSecond: number;
}

/** Reads the options of the responder: the only reader of its environment. */
export function stunOptions({ STUN_PORT }: Readonly<Record<string, string | undefined>>): StunOptions {
  return { port: Number(STUN_PORT ?? 3478), answersPerSecond: 500 };
}
