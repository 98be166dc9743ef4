import { html } from "hono/html";
import type { Site } from "./views.ts";
import { type Html, layout } from "./layout.ts";

export function homePage(site: Site): Html {
  return layout(site, "homePage", html`<p></p>`);
}
