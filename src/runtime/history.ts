import type { Clock } from "./clock.ts";
import { ApiError } from "./errors.ts";
import { reached } from "./resource-version.ts";
import type { Position } from "./watch.ts";

/** How far the history of a kind was seen, and for how long a watch may follow it before everything is told anew. */
export interface History {
  /**
   * Judges the version of a list, before anything of it is taken.
   * @returns true when the history really went back, so that what is told now replaces what is newer.
   * @throws ApiError when it is from before what was seen already: somebody keeps old answers. Ask again.
   */
  judge(version: Position): boolean;
  /** Everything was told, up to this version. */
  complete(version: Position): void;
  /** An event told of this version. @returns the newest one, from which another watch can go on. */
  saw(version: Position): Position;
  /** A watch has gone on for so long that it is time to look at everything. */
  readonly isOld: boolean;
}

/**
 * What a watch lost on the way is found when everything is told anew, which costs next to nothing at this distance. The
 * informers of Kubernetes' own controllers never do it: they take the stream of the API server to be complete.
 */
const WHOLE_LOOK_MS = 1_800_000;
/** Who says for so long that the past is the present was restored from a backup. */
const BELIEVED_MS = 60_000;

/** Resource versions of a kind only grow, unless etcd's data is put back (KEP-5504). */
export function createHistory(clock: Clock): History {
  let newest = "";
  let wholeAt = clock.now();
  let deniedSince: number | undefined;
  return {
    judge(version) {
      if (reached(version, newest)) {
        deniedSince = undefined;
        return false;
      }
      deniedSince ??= clock.now();
      if (clock.now() - deniedSince >= BELIEVED_MS) return true;
      throw new ApiError(
        0,
        `The API server tells of version ${version}, which is older than ${newest}, seen before. It is asked again.`,
      );
    },
    complete(version) {
      newest = version;
      wholeAt = clock.now();
      deniedSince = undefined;
    },
    saw(version) {
      if (reached(version, newest)) newest = version;
      return newest;
    },
    get isOld() {
      return clock.now() - wholeAt >= WHOLE_LOOK_MS;
    },
  };
}
