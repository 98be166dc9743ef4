import { html } from "hono/html";
import type { DeskView, MadeLinkView, Site } from "./views.ts";
import { type Html, layout } from "./layout.ts";

export function deskPage(site: Site, view: DeskView): Html {
  return layout(site, "deskPage", html`<p>${JSON.stringify(view)}</p>`);
}

export function madeLinkPage(site: Site, view: MadeLinkView): Html {
  return layout(site, "madeLinkPage", html`<p>${JSON.stringify(view)}</p>`);
}
