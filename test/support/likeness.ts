import { ANNOTATION } from "../../src/api/group.ts";
import type { LiveObject } from "../../src/manifest.ts";
import { children } from "./practice-bed.ts";

/** Fields that say where, when and in which order an object was made, at whatever depth. */
const CHANCE = new Set([
  "uid",
  "resourceVersion",
  "creationTimestamp",
  "generation",
  "managedFields",
  "clusterIP",
  "clusterIPs",
  "nodePort",
  "healthCheckNodePort",
  "volumeName",
  "status",
]);

/** What others note on our objects, and what counts edits. */
const NOTED = (key: string) =>
  /^([a-z]+\.)*(deployment\.kubernetes\.io|volume\.kubernetes\.io|pv\.kubernetes\.io)\//.test(key) ||
  key === ANNOTATION.generation;

/**
 * Everything that a practice consists of on the API server, without what differs between two practices of the same spec in
 * different namespaces: names, hosts, media ports, digests, and what secrets hold. Two that are alike came to the same,
 * whatever happened to them on the way.
 */
export async function likenessOf(namespace: string): Promise<Partial<Record<string, LiveObject[]>>> {
  const objects = await children(namespace);
  const identity = objects.find(({ kind, metadata }) => kind === "ConfigMap" && metadata.name.endsWith("-identity"));
  const port = Number((identity?.["data"] as Record<string, string> | undefined)?.["mediaPort"]);
  const words: [RegExp, string][] = [
    [new RegExp(namespace, "g"), "NAMESPACE"],
    [new RegExp(`\\b${port}\\b`, "g"), "MEDIA-PORT"],
    [new RegExp(`\\b${port + 1}\\b`, "g"), "STUN-PORT"],
    [/^\d+ \d+ \* \* \*$/, "NIGHTLY"], // spread over the night by name
    [/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, "UID"],
    [/\b([0-9a-f]{64}|[0-9a-f]{32}|[0-9a-f]{16}|[0-9a-f]{8})\b/g, "DIGEST"],
  ];
  const said = (text: string) => words.reduce((now, [word, name]) => now.replace(word, name), text);
  const plain = (value: unknown): unknown => {
    if (typeof value === "string" || typeof value === "number") return said(String(value));
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value !== "object" || value === null) return value;
    const kept = Object.entries(value).filter(([key]) => !CHANCE.has(key) && !NOTED(key));
    return Object.fromEntries(kept.map(([key, content]) => [said(key), plain(content)]));
  };
  const alike = objects.map(
    (object) => plain(object.kind === "Secret" ? withoutContent(object) : object) as LiveObject,
  );
  // A configuration that was left over has, without its digest, the name of the one that replaced it.
  return Object.groupBy(alike, ({ kind, metadata }) => `${kind}/${metadata.name}`);
}

/** Which keys it has, not what they hold. */
function withoutContent(secret: LiveObject): LiveObject {
  return { ...secret, data: Object.keys(secret["data"] ?? {}).toSorted() };
}
