import { expect } from "vitest";
import { FIELD_MANAGER } from "../../src/api/group.ts";
import { PRACTICES } from "../../src/controller/kinds.ts";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { waitFor } from "../bed/wait.ts";
import { auditEvents, bed } from "./bed.ts";
import { telehealth } from "./cli.ts";
import { type JumpingClock, jumpingClock } from "./jumping-clock.ts";
import { runOperator } from "./operator.ts";
import { type Hand, handOn } from "./own-cluster.ts";
import { ALWAYS, practiceFor, quiet } from "./practice-bed.ts";
import { type Fault, type ProxiedRequest, type Proxy, startProxy } from "./proxy.ts";

/** The address is given, so that nobody has to play a load balancer; changes need not wait for the end of calls. */
const SPEC = { maintenance: ALWAYS, video: { media: { addresses: [{ ip: "203.0.113.7", port: 10_000 }] } } };

/** Kinds of which the operator must never delete an object of a practice that lives: walls, data, keys. */
const NEVER_DELETED = ["networkpolicies", "persistentvolumeclaims", "secrets", "statefulsets", "deployments"];

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
    async expectLikeACleanRun(spec = {}) {
      await hand.converged(namespace);
      await quiet(namespace);
      const manifest = JSON.stringify(await practiceFor(namespace, { ...SPEC, ...spec }));
      const planned = async () => {
        const { stdout, stderr } = await telehealth(bed.kubeconfig, ["plan", "-f", "-"], manifest);
        expect(stderr).toMatch(/: 0 to create, 0 to change, 0 to remove, \d{2} unchanged\.\n$/);
        return { diff: stdout };
      };
      expect(await waitFor(planned, { timeout: 60_000, interval: 1000 })).toEqual({ diff: "" });
      const owners = (await hand.list(RESOURCES.Service, namespace)).map(({ metadata }) => metadata.ownerReferences);
      const uid = (await hand.get(PRACTICES, { namespace, name: "greenriver" }))?.metadata.uid;
      expect(owners.flat().map((owner) => owner?.uid)).toEqual(owners.map(() => uid));
      expect(await deleted(namespace)).toEqual([]);
    },
    async end() {
      current = undefined;
      await operator.stop();
      await proxy.stop();
      await hand.close();
    },
  };
}

/** What the operator deleted of what must live, by the API server's own record. */
async function deleted(namespace: string): Promise<string[]> {
  const events = await auditEvents(
    ({ verb, userAgent = "", objectRef }) =>
      verb === "delete" &&
      userAgent.startsWith(FIELD_MANAGER) &&
      objectRef?.namespace === namespace &&
      NEVER_DELETED.includes(objectRef.resource ?? ""),
  );
  return events.map(({ objectRef }) => `${objectRef?.resource}/${objectRef?.name}`);
}
