import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { extname } from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** A style, script or picture of the pages. */
export interface Asset {
  readonly text: string;
  readonly type: string;
}

const folder = new URL("./", import.meta.url);
const files: ReadonlyMap<string, Asset> = new Map(
  readdirSync(folder)
    .toSorted()
    .flatMap((file) => {
      const type = TYPES[extname(file)];
      return type === undefined ? [] : [[file, { text: readFileSync(new URL(file, folder), "utf8"), type }]];
    }),
);

/** One for all files: scripts import each other by relative names, so a file is only as new as its neighbours. */
const digest = createHash("sha256")
  .update(JSON.stringify([...files]))
  .digest("hex")
  .slice(0, 16);

/**
 * The address of a style, script or picture of the pages. It changes whenever one of them does.
 * @throws Error for a file that does not exist.
 */
export function assetPath(file: string): string {
  if (!files.has(file)) throw new Error(`There is no ${file} in src/entry/assets.`);
  return `/assets/${digest}/${file}`;
}

/** The file at such an address; a former digest has none. */
export function assetAt(asked: string, file: string): Asset | undefined {
  return asked === digest ? files.get(file) : undefined;
}
