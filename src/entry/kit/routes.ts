import { type Context, Hono } from "hono";
import { kitPage } from "../pages/kit.ts";
import type { Site } from "../pages/views.ts";
import { kitFiles } from "./files.ts";

/** The kit's page, and its files as downloads. For `/kit`; `siteOf` tells the practice and the visitor's language. */
export function kitRoutes(siteOf: (context: Context) => Site): Hono {
  const app = new Hono();
  app.get("/", (context) => context.html(kitPage(siteOf(context))));
  app.get("/:file", (context) => {
    const file = Object.values(kitFiles(siteOf(context))).find(({ name }) => name === context.req.param("file"));
    if (file === undefined) return context.notFound();
    return context.body(file.text, 200, {
      "Content-Type": "application/octet-stream",
      "Content-Disposition": `attachment; filename="${file.name}"`,
    });
  });
  return app;
}
