import type { IStatefulSet } from "kubernetes-models/apps/v1";
import type { LiveObject, Manifest } from "../manifest.ts";

/**
 * Whether this is a PostgreSQL of another major version than the one that runs and wrote the data: it would end before it
 * touches them, but nothing would run then. The tags of the images tell; where one is named otherwise, only that end does.
 * @param bornWith the major version of the data, so that a former release can always come back.
 */
export function isOfAnotherMajor(
  desired: Manifest,
  live: LiveObject | undefined,
  bornWith: number | undefined,
): boolean {
  const [next, now] = [majorOf(desired), live && majorOf(live)];
  return next !== undefined && now !== undefined && next !== now && next !== bornWith;
}

function majorOf(object: Manifest): number | undefined {
  if (object.kind !== "StatefulSet") return undefined;
  const containers = (object as Manifest & IStatefulSet).spec?.template.spec?.containers ?? [];
  const image = containers.find(({ name }) => name === "postgres")?.image;
  const [, major] = /:(\d+)(?:[.-][^/:@]*)?(?:@|$)/.exec(image ?? "") ?? [];
  return major === undefined ? undefined : Number(major);
}
