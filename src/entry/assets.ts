import { Hono } from "hono";
import { assetAt } from "./assets/files.ts";

/** Serves the files of `src/entry/assets`, to be kept for a year. For `/assets`. */
export function assetRoutes(): Hono {
  const app = new Hono();
  app.get("/:digest/:file", (context) => {
    const asset = assetAt(context.req.param("digest"), context.req.param("file"));
    if (asset === undefined) return context.notFound();
    return context.body(asset.text, 200, {
      "Content-Type": asset.type,
      "Cache-Control": "public, max-age=31536000, immutable",
    });
  });
  return app;
}
