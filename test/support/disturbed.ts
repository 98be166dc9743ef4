import { bed } from "./bed.ts";
import { expectLikeACleanRun } from "./clean-run.ts";
import { type JumpingClock, jumpingClock } from "./jumping-clock.ts";
import { runOperator } from "./operator.ts";
import { type Hand, handOn } from "./own-cluster.ts";
import { ALWAYS } from "./practice-bed.ts";
import { type Fault, type ProxiedRequest, type Proxy, startProxy } from "./proxy.ts";

/** The address is given, so that nobody has to play a load balancer; changes need not wait for the end of calls. */
const SPEC = { maintenance: ALWAYS, video: { media: { addresses: [{ ip: "203.0.113.7", port: 10_000 }] } } };

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
  /** Waits until all its pods are ready and its last route is open. */
  converged(): Promise<void>;
  /** Fails unless it comes to what a clean run would make of the manifest `spec`, with nothing of worth deleted on the way. */
  expectLikeACleanRun(spec?: object): Promise<void>;
  end(): Promise<void>;
}

export async function disturbed(fault?: (request: ProxiedRequest) => Fault | undefined): Promise<Disturbed> {
  let current = fault;
  const hand = handOn(bed.adminConnection);
  const [namespace, proxy] = await Promise.all([hand.namespace(), startProxy(bed, (request) => current?.(request))]);
  const clock = jumpingClock();
  const operator = runOperator(proxy.connection, [namespace], { clock });
  return {
    namespace,
    hand,
    proxy,
    clock,
    fault: (next) => void (current = next),
    practice: async (spec = {}) => void (await hand.practice(namespace, { ...SPEC, ...spec })),
    converged: () => hand.converged(namespace),
    expectLikeACleanRun: (spec = {}) => expectLikeACleanRun(bed, hand, namespace, { ...SPEC, ...spec }),
    async end() {
      current = undefined;
      await operator.stop();
      await proxy.stop();
      await hand.close();
    },
  };
}
