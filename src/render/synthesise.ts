import type { Manifest } from "../manifest.ts";

export function synthesise(objects: readonly Manifest[]): Manifest[] {
  return [...objects];
}
