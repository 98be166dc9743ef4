import type { LiveObject } from "../../src/manifest.ts";
import { phaseOf } from "../../src/render/order.ts";
import { childNames } from "./practice-bed.ts";

/** Whether it runs something of a practice, or makes pods that do: nothing of that may ever be without walls. */
export function isGuarded({ kind }: Pick<LiveObject, "kind">): boolean {
  return kind === "Pod" || (kind !== "Secret" && phaseOf({ kind }) === "workloads");
}

export function wallsOf(objects: readonly LiveObject[]): string[] {
  return childNames(objects.filter(({ kind }) => kind === "NetworkPolicy"));
}

/** Which of these walls are missing beside something that they guard: none as long as there is nothing to guard. */
export function missingWalls(objects: readonly LiveObject[], walls: readonly string[]): string[] {
  const standing = new Set(wallsOf(objects));
  return objects.some(isGuarded) ? walls.filter((wall) => !standing.has(wall)) : [];
}
