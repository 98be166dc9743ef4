import { isMap, keyField, mergeKeys, type Path } from "./differences.ts";

/** What an apply of `desired` makes of `live`, as far as lists are known to be merged by their items' keys (differences.ts). */
export function overlay(live: unknown, desired: unknown, path: Path = []): unknown {
  if (isMap(live) && isMap(desired)) {
    const merged = Object.entries(desired).map(([key, value]) => [key, overlay(live[key], value, [...path, key])]);
    return { ...live, ...(Object.fromEntries(merged) as object) };
  }
  if (!Array.isArray(live) || !Array.isArray(desired)) return desired;
  if (path.at(-1) === "finalizers") return [...new Set<unknown>([...live, ...desired])];
  const keys = mergeKeys(desired, path);
  if (!keys) return desired;
  const isSame = (a: unknown, b: unknown) =>
    isMap(a) && isMap(b) && keys.every((key) => keyField(a, key) === keyField(b, key));
  const kept = live.map((item: unknown) => {
    const wanted: unknown = desired.find((candidate) => isSame(candidate, item));
    return wanted === undefined ? item : overlay(item, wanted, [...path, 0]);
  });
  return [...kept, ...desired.filter((item) => !live.some((other) => isSame(item, other)))] as unknown;
}
