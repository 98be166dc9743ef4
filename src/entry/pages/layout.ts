import { html } from "hono/html";
import type { Site } from "./views.ts";

/** HTML in which every value was escaped. */
export type Html = ReturnType<typeof html>;

export function layout(site: Site, title: string, main: Html): Html {
  return html`<!doctype html>
    <html lang="${site.locale}">
      <head>
        <meta charset="utf-8" />
        <title>${title}</title>
      </head>
      <body>
        <main>${main}</main>
      </body>
    </html>`;
}
