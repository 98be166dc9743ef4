import type { PracticeSpec } from "../api/practice.ts";
import { evaluate } from "../policy/policy.ts";
import { STANDING_CHAIN } from "../policy/index.ts";
import type { Practice } from "../practice/practice.ts";
import { resolve } from "../practice/resolve.ts";
import { liveRoutes, withdrawRoutes } from "./apply-plan.ts";
import { knownBirth } from "./birth.ts";
import type { Context, PracticeResource } from "./context.ts";
import { keyOf } from "./kinds.ts";
import { liveObjects } from "./live.ts";
import { parsedPractice } from "./parsed.ts";
import type { Report } from "./report.ts";

/** How soon to try again to close a door. */
const CLOSE_AGAIN_SECONDS = 5;

/**
 * What ended a reconcile early is no reason to look away: what is live is judged all the same, and an open door that has to
 * be closed is closed. Only by what holds whatever the manifest says: an edit that was not applied yet breaks nothing. So it
 * may find a door to be closed, never one to be opened.
 */
export async function judgeAllTheSame(context: Context, report: Report): Promise<void> {
  const { resource } = report;
  if (resource.metadata.deletionTimestamp) return;
  const practice = report.practice ?? knownPractice(context, resource);
  if (!practice) return;
  const key = keyOf(resource);
  // Where no door is open there is none to close.
  if (liveRoutes(context.cache, practice).length === 0 && !context.doors.isClosed(key)) return;
  const objects = liveObjects(context.cache, practice.namespace);
  report.findings = evaluate(STANDING_CHAIN, { objects, practice, assets: context.assets });
  report.door =
    report.findings.length > 0 ? context.doors.judge(key, report.findings) : { closed: context.doors.isClosed(key) };
  if (!report.door.closed) return;
  try {
    await withdrawRoutes(context, practice, report.done);
  } catch {
    // What keeps that from being done is what ended the reconcile, or will be told at the next one.
    report.door = { closed: true, lookAgainSeconds: CLOSE_AGAIN_SECONDS };
  }
}

/**
 * The practice as far as its manifest and the cache tell. What of a manifest may not fit the operator's options is left out:
 * nothing of it is read here, and no edit that the API server takes keeps anybody from being watched.
 */
function knownPractice({ cache, config }: Context, resource: PracticeResource): Practice | undefined {
  const { namespace, name } = resource.metadata;
  const parsed = parsedPractice(resource);
  const { identity } = knownBirth(cache, namespace, name);
  if (!parsed.ok || !identity) return undefined;
  const { video, maintenance } = parsed.spec;
  const spec: PracticeSpec = {
    ...parsed.spec,
    certificates: { external: {} },
    exposure: { service: { type: "ClusterIP" } },
    video: { ...video, media: { ...video.media, annotations: {} } },
    maintenance: { ...maintenance, timeZone: "UTC" },
  };
  return resolve({ resource, spec, options: config, identity });
}
