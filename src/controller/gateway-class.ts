import { unfitGateway } from "../practice/gateways.ts";
import type { Practice } from "../practice/practice.ts";
import type { Cluster } from "../runtime/cluster.ts";
import { ApiError, Stalled } from "../runtime/errors.ts";
import { RESOURCES } from "../runtime/resources.ts";

/**
 * A Gateway of a practice's own needs an implementation whose proxies run elsewhere.
 * @throws Stalled `UseParentRef` when the class belongs to another one
 */
export async function assertGatewayFits(cluster: Cluster, { exposure }: Practice): Promise<void> {
  if (exposure.kind !== "gateway") return;
  const unfit = unfitGateway(exposure.className, await controllerOf(cluster, exposure.className));
  if (unfit !== undefined) throw new Stalled("UseParentRef", unfit);
}

/** `undefined` when there is no such class, no Gateway API, or no right to look: an operator of a few namespaces. */
async function controllerOf(cluster: Cluster, name: string): Promise<string | undefined> {
  try {
    const found = await cluster.get(RESOURCES.GatewayClass, { name });
    return (found?.["spec"] as { controllerName?: string } | undefined)?.controllerName;
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return undefined;
    throw error;
  }
}
