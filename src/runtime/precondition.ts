import type { LiveObject, Manifest } from "../manifest.ts";
import { ApiError } from "./errors.ts";

/** No object ever had it: etcd's first revision is that of an empty store. */
const NEVER = "1";

/**
 * The object with a precondition for server-side apply. On one that exists: it must still be the same. On none: there
 * must be none, because a version that does not fit is a conflict, while a creation passes over it (asked of a real API
 * server by test/cluster/preconditions.test.ts). So what a cache does not show is never overwritten.
 */
export function guarded(desired: Manifest, live: LiveObject | undefined): Manifest {
  const guard = live ? { uid: live.metadata.uid } : { resourceVersion: NEVER };
  return { ...desired, metadata: { ...desired.metadata, ...guard } };
}

/** The object is not the one we thought, or (without force) another manager holds a field: nothing was written. */
export function isRefusedByGuard(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  return error.status === 409 || (error.status === 422 && error.causes.some(({ field }) => field === "metadata.uid"));
}
