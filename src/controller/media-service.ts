import type { PracticeSpec } from "../api/practice.ts";
import { CLASS_STAYS } from "../api/spec-rules.ts";
import { namesOf } from "../practice/names.ts";
import { sleep, systemClock } from "../runtime/clock.ts";
import { ApiError, Stalled, Waiting } from "../runtime/errors.ts";
import { RESOURCES } from "../runtime/resources.ts";
import type { Context, PracticeResource } from "./context.ts";
import { moveMediaPort } from "./identity.ts";

/**
 * After how long, in ms, to ask again for a port that is taken. A Service that is deleted holds its ports for some
 * milliseconds longer than its name (kubernetes pkg/registry/core/service/storage/storage.go, afterDelete), and one that is
 * put back at once asks for its own. A practice that never had the port takes the next one without a pause.
 */
const ASK_AGAIN_AFTER_MS = [100, 400];

/**
 * The chosen media port may be another Service's: then the next one is chosen, and everything is rendered again.
 * @throws Stalled `InvalidSpec` when a stated port is taken, or the load balancer's class is another than the Service's.
 */
export async function withMediaService<T>(
  context: Context,
  resource: PracticeResource,
  { video: { media } }: PracticeSpec,
  apply: () => Promise<T>,
): Promise<T> {
  try {
    return await (hasHadPort(context, resource) ? askingAgain(apply, context.signal) : apply());
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 422)) throw error;
    if (error.causes.some(({ field }) => field === "spec.loadBalancerClass")) {
      throw new Stalled("InvalidSpec", `spec.video.media.loadBalancerClass: ${CLASS_STAYS}`);
    }
    if (!isTaken(error)) throw error;
    if (media.port !== undefined) {
      throw new Stalled(
        "InvalidSpec",
        `spec.video.media.port: ${media.port} or ${media.port + 1} belongs to another Service of this cluster. Choose another port, or leave the field out and two free ones are chosen.`,
      );
    }
    await moveMediaPort(context, resource);
    throw new Waiting("Progressing", "The media port was taken by another Service; the next one is tried.", 0.2);
  }
}

/** Whether it had its port before: workloads come after the Service, and a former practice of this name leaves its identity. */
function hasHadPort({ cache }: Context, { metadata }: PracticeResource): boolean {
  const { namespace, name, creationTimestamp: made } = metadata;
  const { signalling, identity } = namesOf(name);
  const born = cache.get(RESOURCES.ConfigMap, { namespace, name: identity })?.metadata.creationTimestamp ?? made;
  return born < made || cache.get(RESOURCES.StatefulSet, { namespace, name: signalling }) !== undefined;
}

/** Firewalls know the port: before another one is taken it is asked for again, because it may only not be free yet. */
async function askingAgain<T>(apply: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (const ms of ASK_AGAIN_AFTER_MS) {
    try {
      return await apply();
    } catch (error) {
      if (!isTaken(error)) throw error;
    }
    await sleep(systemClock, ms, signal);
  }
  return apply();
}

function isTaken(error: unknown): boolean {
  return error instanceof ApiError && error.status === 422 && error.message.includes("already allocated");
}
