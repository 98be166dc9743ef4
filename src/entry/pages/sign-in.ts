import { html } from "hono/html";
import type { SignInView, Site } from "./views.ts";
import { type Html, layout } from "./layout.ts";

export function signInPage(site: Site, view: SignInView): Html {
  return layout(site, "signInPage", html`<p>${JSON.stringify(view)}</p>`);
}
