import { API_VERSION, KIND, STATUS_MANAGER } from "../api/group.ts";
import type { PracticeStatus } from "../api/status.ts";
import type { LiveObject, Manifest } from "../manifest.ts";
import { ApiError } from "../runtime/errors.ts";
import type { Context, PracticeResource } from "./context.ts";
import { PRACTICES } from "./kinds.ts";

/** An edit between two attempts costs one; so many edits in such a time are a fight. */
const ATTEMPTS = 4;

/**
 * Writes the status of this practice, never that of a successor under its name. The version is the only precondition that a
 * status can have: there the API server takes any uid for the right one (test/cluster/preconditions.test.ts). Each edit changes it,
 * so then it is asked whose it is now.
 * @returns the practice with it; `undefined` when the practice is gone.
 */
export async function applyStatus(
  { cluster, cache, statuses }: Pick<Context, "cluster" | "cache" | "statuses">,
  { metadata }: PracticeResource,
  status: PracticeStatus,
): Promise<LiveObject | undefined> {
  const ref = { namespace: metadata.namespace, name: metadata.name };
  let live = cache.get(PRACTICES, ref);
  for (let left = ATTEMPTS; live?.metadata.uid === metadata.uid; left -= 1) {
    const at = { ...ref, resourceVersion: statuses.version(live) } as Manifest["metadata"];
    const said = { apiVersion: API_VERSION, kind: KIND, metadata: at, status };
    try {
      return await cluster.apply(PRACTICES, said, { manager: STATUS_MANAGER, force: true, subresource: "status" });
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      if (!(error instanceof ApiError && error.status === 409) || left === 1) throw error;
      live = await cluster.get(PRACTICES, ref);
    }
  }
  return undefined;
}
