import { expect } from "vitest";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { bed } from "./bed.ts";
import { expectLikeACleanRun } from "./clean-run.ts";
import { follow } from "./history.ts";
import { type JumpingClock, jumpingClock } from "./jumping-clock.ts";
import { firstWrong } from "./meanwhile.ts";
import { runOperator } from "./operator.ts";
import { type Hand, handOn } from "./own-cluster.ts";
import { ALWAYS } from "./practice-bed.ts";
import { type Fault, type ProxiedRequest, type Proxy, startProxy } from "./proxy.ts";

/**
 * Nobody has to play a load balancer or an issuer of certificates, and changes need not wait for the end of calls: it can
 * get as far as to say that it is ready.
 */
const SPEC = {
  maintenance: ALWAYS,
  certificates: { external: {} },
  video: { media: { addresses: [{ ip: "203.0.113.7", port: 10_000 }] } },
};

/** A practice, and an operator that reaches the API server only through a proxy that misbehaves. */
export interface Disturbed {
  readonly namespace: string;
  readonly hand: Hand;
  readonly proxy: Proxy;
  readonly clock: JumpingClock;
  /** What goes wrong from now on; nothing when absent. */
  fault(fault?: (request: ProxiedRequest) => Fault | undefined): void;
  /** Applies the practice with `spec` over what it has. */
  practice(spec?: object): Promise<void>;
  /** Takes one of its walls away, as nobody should. It is not missed until it is back. */
  tear(wall: string): Promise<void>;
  /** Waits until all its pods are ready and its last route is open. */
  converged(): Promise<void>;
  /** Fails unless it comes to what a clean run would make of the manifest `spec`, with nothing wrong on the way. */
  expectLikeACleanRun(spec?: object): Promise<void>;
  /** Fails as well if something was wrong on the way. */
  end(): Promise<void>;
}

export async function disturbed(fault?: (request: ProxiedRequest) => Fault | undefined): Promise<Disturbed> {
  let current = fault;
  const hand = handOn(bed.adminConnection);
  const [namespace, proxy] = await Promise.all([hand.namespace(), startProxy(bed, (request) => current?.(request))]);
  const clock = jumpingClock();
  const history = await follow(bed.adminConnection, hand, namespace);
  const operator = runOperator(proxy.connection, [namespace], { clock });
  const torn = new Set<string>();
  const expectNothingWrong = async () => expect(firstWrong(await history.told(), torn)).toBeUndefined();
  return {
    namespace,
    hand,
    proxy,
    clock,
    fault: (next) => void (current = next),
    practice: async (spec = {}) => void (await hand.practice(namespace, { ...SPEC, ...spec })),
    async tear(name) {
      const wall = { namespace, name };
      torn.add((await hand.get(RESOURCES.NetworkPolicy, wall))?.metadata.uid ?? "");
      await hand.patch(RESOURCES.NetworkPolicy, wall, { metadata: { finalizers: null } });
      await hand.remove(RESOURCES.NetworkPolicy, wall);
    },
    converged: () => hand.converged(namespace),
    async expectLikeACleanRun(spec = {}) {
      await expectLikeACleanRun(bed, hand, namespace, { ...SPEC, ...spec });
      await hand.expectReason(namespace, "Ready", "Ready");
      await expectNothingWrong();
    },
    async end() {
      current = undefined;
      await operator.stop();
      await proxy.stop();
      try {
        await expectNothingWrong();
      } finally {
        await history.end();
        await hand.close();
      }
    },
  };
}
