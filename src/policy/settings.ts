import { rememberText } from "../remember.ts";

/** Readers of configuration files. Each gives `undefined` for what it cannot read; the check that looks at it objects. */
type Reader = (text: string | undefined) => unknown;

/** JSON, also where a program takes it for YAML. */
export const readJson: Reader = attempt(parseJson);

/** HOCON as we write it: JSON with `${VARIABLE}` for values; each becomes the string `$VARIABLE`. */
export const readHocon: Reader = (text) =>
  readJson(
    text?.replaceAll(/"(?:[^"\\]|\\.)*"|\$\{([A-Z][A-Z0-9_]*)\}/g, (all, variable?: string) =>
      variable ? `"$${variable}"` : all,
    ),
  );

/**
 * `var name = {…};` where the value is JSON without `<`, which could end the script that the page inlines. Anything
 * else in the file, and it is not read.
 */
export function readAssignment(text: string | undefined, name: string): unknown {
  const match = text && /^var ([A-Za-z]+) = (\{[^<]*\});\s*$/.exec(text);
  return match && match[1] === name ? readJson(match[2]) : undefined;
}

/**
 * JSON that means the same to whoever reads it. Of a key that is there twice `JSON.parse` keeps the last, HOCON
 * merges both; `__proto__` is a key here and a source of further keys in a script.
 */
function parseJson(json: string): unknown {
  const settings: unknown = JSON.parse(json);
  const written = [...json.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)].filter(([, colon]) => colon);
  const keys = keysOf(settings).filter(({ isIndex }) => !isIndex);
  if (written.length !== keys.length || keys.some(({ key }) => key === "__proto__")) throw new Error("ambiguous");
  return settings;
}

function attempt(read: (text: string) => unknown): Reader {
  const once = rememberText((text) => {
    try {
      return read(text);
    } catch {
      return undefined;
    }
  });
  return (text) => (text === undefined ? undefined : once(text));
}

/**
 * Paths at which settings are not what is expected: every leaf of `expected` must be there with that very value,
 * lists as a whole. `undefined` as the expectation means: must not be there.
 */
export function unmet(settings: unknown, expected: object, above = ""): string[] {
  return Object.entries(expected).flatMap(([key, want]) => {
    const path = above ? `${above}.${key}` : key;
    const have = isObject(settings) ? settings[key] : undefined;
    if (isObject(want)) return unmet(have, want, path);
    return JSON.stringify(have) === JSON.stringify(want) ? [] : [path];
  });
}

interface Key {
  readonly key: string;
  readonly path: string;
  readonly value: unknown;
  /** Whether it is a place in a list. */
  readonly isIndex: boolean;
}

/** Every key at every depth, with its path and value. Throws when there is no end to it: then a file counts as unread. */
export function keysOf(settings: unknown): readonly Key[] {
  const keys: Key[] = [];
  gatherKeys(settings, "", DEEPEST, keys);
  return keys;
}

/** Levels; whoever walks through more by calling itself comes to the end of the stack. */
const DEEPEST = 100;

function gatherKeys(settings: unknown, above: string, deeper: number, keys: Key[]): void {
  if (typeof settings !== "object" || settings === null) return;
  if (deeper === 0) throw new Error("too deep");
  const isIndex = Array.isArray(settings);
  for (const [key, value] of Object.entries(settings)) {
    const path = above ? `${above}.${key}` : key;
    keys.push({ key, path, value, isIndex });
    gatherKeys(value, path, deeper - 1, keys);
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
