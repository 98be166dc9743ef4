import { html } from "hono/html";
import type { Site } from "./views.ts";
import { type Html, layout } from "./layout.ts";

export function endedPage(site: Site): Html {
  return layout(site, "endedPage", html`<p></p>`);
}
