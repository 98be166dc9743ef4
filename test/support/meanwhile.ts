import type { PracticeStatus } from "../../src/api/status.ts";
import { PRACTICES } from "../../src/controller/kinds.ts";
import { describe, type LiveObject } from "../../src/manifest.ts";
import { RESOURCES } from "../../src/runtime/resources.ts";
import type { Happening } from "./history.ts";
import { isGuarded, missingWalls, wallsOf } from "./walls.ts";

/**
 * What was first wrong in a practice's history, as a sentence; `undefined` when nothing ever was. Its walls are all that it
 * ever had: each has to stand whenever there is something to guard, and whenever the status says that they stand. And no
 * status may tell of a manifest that is yet to come.
 * @param torn uids of walls that the test itself took away: one is not missed until it is back.
 */
export function firstWrong(history: readonly Happening[], torn: ReadonlySet<string>): string | undefined {
  const required = new Set(wallsOf(history.map(({ object }) => object)));
  const there = new Map<string, LiveObject>();
  let practice: LiveObject | undefined;
  for (const { type, object } of history) {
    const name = describe(object);
    if (object.kind === RESOURCES.Namespace.kind) {
      // From then on all goes in any order, and no operator can help it.
      if (object.metadata.deletionTimestamp) return undefined;
    } else if (object.kind === PRACTICES.kind) practice = type === "DELETED" ? undefined : object;
    else if (type === "DELETED") there.delete(name);
    else there.set(name, object);
    if (type === "DELETED" && torn.has(object.metadata.uid)) required.delete(name);
    else if (object.kind === RESOURCES.NetworkPolicy.kind) required.add(name);
    const wrong = wrongWith(practice, [...there.values()], [...required]);
    if (wrong) return `When ${name} was ${type}, ${wrong}`;
  }
  return undefined;
}

/** What is wrong at a moment at which these walls have to stand. */
function wrongWith(
  practice: LiveObject | undefined,
  objects: readonly LiveObject[],
  walls: readonly string[],
): string | undefined {
  const unguarded = missingWalls(objects, walls);
  if (unguarded.length > 0) {
    return `${objects.filter(isGuarded).map(describe).join(", ")} had no ${unguarded.join(", ")}.`;
  }
  if (!practice || practice.metadata.deletionTimestamp) return undefined;
  const { observedGeneration = 0, conditions = [] } = (practice["status"] ?? {}) as Partial<PracticeStatus>;
  const told = Math.max(observedGeneration, ...conditions.map((condition) => condition.observedGeneration));
  const { generation = 0 } = practice.metadata;
  if (told > generation) return `its status told of generation ${told}, and its manifest was of ${generation}.`;
  const absent = walls.filter((wall) => !wallsOf(objects).includes(wall));
  const words = conditions.filter(saysThatWallsStand).map(({ type, status, reason }) => `${type} ${status} ${reason}`);
  if (words.length === 0 || absent.length === 0) return undefined;
  return `its status said ${words.join(" and ")}, and there was no ${absent.join(", ")}.`;
}

/** Simulated pods cannot try the walls; that nobody has tried them is said of walls that stand. */
function saysThatWallsStand({ type, status, reason }: PracticeStatus["conditions"][number]): boolean {
  return (
    (type === "Ready" && status === "True") ||
    (type === "NetworkIsolated" && (status === "True" || reason === "NotProbed"))
  );
}
