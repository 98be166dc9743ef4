/** One way through an object: field names, and positions in what we want for items of a list. */
export type Path = readonly (string | number)[];

export interface Difference {
  readonly path: Path;
  /** What is there instead; `undefined` when it is missing. */
  readonly live: unknown;
}

/** Lists that server-side apply merges by these fields; other managers may add items of their own. */
const MERGED_BY: Readonly<Record<string, readonly (readonly string[])[]>> = {
  containers: [["name"]],
  initContainers: [["name"]],
  ephemeralContainers: [["name"]],
  volumes: [["name"]],
  env: [["name"]],
  volumeMounts: [["mountPath"]],
  ports: [
    ["port", "protocol"],
    ["containerPort", "protocol"],
  ],
  imagePullSecrets: [["name"]],
  topologySpreadConstraints: [["topologyKey", "whenUnsatisfiable"]],
  listeners: [["name"]],
  ownerReferences: [["uid"]],
};

/** Maps that are replaced as a whole: one entry more selects other pods, and an empty one selects all. */
const REPLACED_MAPS = new Set([
  "selector",
  "matchLabels",
  "podSelector",
  "namespaceSelector",
  "labelSelector",
  "nodeSelector",
]);

/** Maps of quantities, which the server rewrites: `1000m` becomes `1`. */
const QUANTITIES = new Set(["limits", "requests", "capacity", "hard"]);

/** What the server adds to items of lists that are replaced as a whole. Anything else there is a difference. */
const DEFAULTS: readonly (readonly [string, unknown])[] = [
  ["protocol", "TCP"],
  ["group", ""],
  ["group", "gateway.networking.k8s.io"],
  ["kind", "Gateway"],
  ["kind", "Service"],
  ["kind", "Secret"],
  ["weight", 1],
  ["apiVersion", "v1"],
  ["defaultMode", 420],
  ["expirationSeconds", 3600],
  ["scheme", "HTTP"],
];

/**
 * Where a live object is not what we want, judged as server-side apply would: fields we do not name belong to others.
 * Conservative: it may report a difference that the server does not see, never the other way round.
 */
export function differences(desired: unknown, live: unknown): Difference[] {
  const found: Difference[] = [];
  compare(desired, live, [], false, found);
  return found;
}

/** The way to where the comparison is now: one list for all of it, because almost every object is as it should be. */
type Way = (string | number)[];

/** @param exact whether further fields in `live` count: inside what is replaced as a whole. */
function compare(desired: unknown, live: unknown, path: Way, exact: boolean, found: Difference[]): void {
  if (isAbsent(desired, path) && (live === undefined || live === null)) return;
  if (Array.isArray(desired) && Array.isArray(live)) compareLists(desired, live, path, exact, found);
  else if (isMap(desired) && isMap(live)) compareMaps(desired, live, path, exact, found);
  else if (!sameValue(desired, live, path)) found.push({ path: [...path], live });
}

function compareBelow(
  step: string | number,
  desired: unknown,
  live: unknown,
  path: Way,
  exact: boolean,
  found: Difference[],
): void {
  path.push(step);
  compare(desired, live, path, exact, found);
  path.pop();
}

export type JsonMap = Readonly<Record<string, unknown>>;

function compareMaps(desired: JsonMap, live: JsonMap, path: Way, exact: boolean, found: Difference[]): void {
  const name = path.at(-1);
  const whole = exact || (typeof name === "string" && REPLACED_MAPS.has(name));
  for (const key of Object.keys(desired)) {
    if (desired[key] !== undefined) compareBelow(key, desired[key], live[key], path, whole, found);
  }
  if (!whole) return;
  for (const [key, value] of Object.entries(live)) {
    if (Object.hasOwn(desired, key) || DEFAULTS.some(([field, preset]) => field === key && preset === value)) continue;
    found.push({ path: [...path, key], live: value });
  }
}

function compareLists(
  desired: readonly unknown[],
  live: readonly unknown[],
  path: Way,
  exact: boolean,
  found: Difference[],
): void {
  if (path.at(-1) === "finalizers") {
    for (const [index, item] of desired.entries()) {
      if (!live.includes(item)) found.push({ path: [...path, index], live: undefined });
    }
    return;
  }
  const keys = exact ? undefined : mergeKeys(desired, path);
  if (keys) return compareMerged(desired as readonly JsonMap[], live as readonly JsonMap[], keys, path, found);
  if (desired.length !== live.length) found.push({ path: [...path], live });
  else for (const [index, item] of desired.entries()) compareBelow(index, item, live[index], path, true, found);
}

function compareMerged(
  desired: readonly JsonMap[],
  live: readonly JsonMap[],
  keys: readonly string[],
  path: Way,
  found: Difference[],
): void {
  let after = -1;
  for (const [index, item] of desired.entries()) {
    const position = live.findIndex((candidate) =>
      keys.every((key) => keyField(candidate, key) === keyField(item, key)),
    );
    if (position === -1 || position < after) found.push({ path: [...path, index], live: live[position] });
    else compareBelow(index, item, live[position], path, false, found);
    after = Math.max(after, position);
  }
}

/** The fields by which this list is merged; `undefined` when it is replaced as a whole. */
export function mergeKeys(list: readonly unknown[], path: Path): readonly string[] | undefined {
  const candidates = MERGED_BY[String(path.at(-1))];
  return candidates?.find((keys) => list.every((item) => isMap(item) && item[keys[0] as string] !== undefined));
}

/** A field by which items are told apart; the protocol of a port may be left to its default. */
export function keyField(item: JsonMap, key: string): unknown {
  return item[key] ?? (key === "protocol" ? "TCP" : undefined);
}

/** The server leaves out what is empty and does not tell it from absent: null, empty lists, empty metadata maps. */
function isAbsent(value: unknown, path: Path): boolean {
  if (value === null || value === undefined || (Array.isArray(value) && value.length === 0)) return true;
  return path[0] === "metadata" && isMap(value) && Object.keys(value).length === 0;
}

export function isMap(value: unknown): value is JsonMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function sameValue(desired: unknown, live: unknown, path: Path): boolean {
  if (desired === live) return true;
  if (!QUANTITIES.has(String(path.at(-2))) && path.at(-1) !== "sizeLimit") return false;
  const [a, b] = [quantity(desired), quantity(live)];
  return a !== undefined && a === b;
}

const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

function quantity(value: unknown): number | undefined {
  const [, number, suffix] = /^([+-]?[0-9.]+)([numkMGTP]|[KMGTP]i)?$/.exec(String(value)) ?? [];
  const factor = SUFFIXES[suffix ?? ""];
  return number === undefined || factor === undefined ? undefined : Number(number) * factor;
}
