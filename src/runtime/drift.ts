import { hash } from "node:crypto";
import type { LiveObject, Manifest } from "../manifest.ts";
import { remember } from "../remember.ts";
import { textHash } from "../text-hash.ts";
import { type Difference, differences } from "./differences.ts";

/** What is not as we want it. Of a ConfigMap that is named by its content also every file more. */
export function drift(desired: Manifest, live: LiveObject): Difference[] {
  const found = differences(desired, live);
  if (!isSealed(desired)) return found;
  const wanted = Object.keys(desired["data"] ?? {});
  const more = Object.entries(live["data"] ?? {}).filter(([file]) => !wanted.includes(file));
  return [...found, ...more.map(([file, content]) => ({ path: ["data", file], live: content as unknown }))];
}

function isSealed(object: Manifest): boolean {
  return object.kind === "ConfigMap" && object["immutable"] === true;
}

/** Whether an object has to be made anew: it is sealed or has to be, and differs in more than labels. */
export function isOfSealed(found: readonly Difference[], desired: Manifest, live: LiveObject): boolean {
  return (isSealed(desired) || isSealed(live)) && found.some(({ path: [part] }) => part !== "metadata");
}

/** Rendering is deterministic, so the order of fields is part of the identity. Files are long, and their hashes known by now. */
export const hashOf = remember(({ data, ...rest }: Manifest): string => {
  const files = Object.entries((data ?? {}) as Readonly<Record<string, string>>);
  const hashed = files.map(([file, text]) => [file, textHash(text)]);
  return hash("sha256", JSON.stringify([rest, hashed]), "base64url");
});

export function fingerprint(found: readonly Difference[]): string {
  return found.length === 0 ? "" : hash("sha256", JSON.stringify(found), "base64url");
}
