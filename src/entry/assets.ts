import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import { Hono } from "hono";

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

const folder = new URL("assets/", import.meta.url);
const files: ReadonlyMap<string, string> = new Map(
  readdirSync(folder)
    .filter((file) => TYPES[extname(file)] !== undefined)
    .toSorted()
    .map((file) => [file, readFileSync(new URL(file, folder), "utf8")]),
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

/** Serves the files of `src/entry/assets`, to be kept for a year; a former digest is not found. For `/assets`. */
export function assetRoutes(): Hono {
  const app = new Hono();
  app.get("/:digest/:file", (context) => {
    const { digest: asked, file } = context.req.param();
    const text = asked === digest ? files.get(file) : undefined;
    if (text === undefined) return context.notFound();
    return context.body(text, 200, {
      "Content-Type": TYPES[extname(file)] ?? "application/octet-stream",
      "Cache-Control": "public, max-age=31536000, immutable",
    });
  });
  return app;
}
