import { html } from "hono/html";
import type { Refusal, Site } from "./views.ts";
import { type Html, layout } from "./layout.ts";

export function refusalPage(site: Site, refusal: Refusal): Html {
  return layout(site, "refusalPage", html`<p>${refusal}</p>`);
}
