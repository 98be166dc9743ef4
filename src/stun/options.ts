/** What the responder is told by its pod. */
export interface StunOptions {
  readonly port: number;
  /** TCP port at which the bridge is there for its own pod; without it nobody is waited for at the end. */
  readonly bridge?: number;
  /** At most so many answers a second, to all together. */
  readonly answersPerSecond: number;
}

/** Reads the options of the responder: the only reader of its environment. */
export function stunOptions(environment: Readonly<Record<string, string | undefined>>): StunOptions {
  const { STUN_PORT, STUN_BRIDGE } = environment;
  return {
    port: Number(STUN_PORT ?? 3478),
    ...(STUN_BRIDGE !== undefined && { bridge: Number(STUN_BRIDGE) }),
    answersPerSecond: 500,
  };
}
