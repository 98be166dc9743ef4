import type { LiveObject, Manifest } from "../manifest.ts";
import { ApiError } from "./errors.ts";

/** The object with a precondition: what it is applied to must still be the same (see test/cluster/preconditions.test.ts). */
export function guarded(desired: Manifest, live: LiveObject): Manifest {
  return { ...desired, metadata: { ...desired.metadata, uid: live.metadata.uid } as Manifest["metadata"] };
}

/** There is one already, it is not the one we thought, or another manager holds a field: nothing was written. */
export function isRefusedByGuard(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  return error.status === 409 || (error.status === 422 && error.causes.some(({ field }) => field === "metadata.uid"));
}
