import type { PracticeSpec } from "../api/practice.ts";
import { CLASS_STAYS } from "../api/spec-rules.ts";
import { sleep, systemClock } from "../runtime/clock.ts";
import { ApiError, Stalled, Waiting } from "../runtime/errors.ts";
import type { Context, PracticeResource } from "./context.ts";
import { moveMediaPort } from "./identity.ts";

/**
 * After how long, in ms, to ask again for a port that is taken. A Service that is deleted holds its ports for some
 * milliseconds longer than its name (kubernetes pkg/registry/core/service/storage/storage.go, afterDelete), and one that is
 * put back at once asks for its own.
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
    return await askingAgain(apply, context.signal);
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

/** A port that firewalls know is not given up for one that is only not free yet. */
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
