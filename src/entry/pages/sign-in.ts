import { html } from "hono/html";
import { type Say, textsOf } from "../texts/texts.ts";
import { type Html, languageField, layout } from "./layout.ts";
import type { SignInView, Site } from "./views.ts";

/** Where staff sign in: with the practice's provider if it has one, else with name and password. */
export function signInPage(site: Site, { failed, oidc }: SignInView): Html {
  const say = textsOf(site.locale);
  const wrong = failed === "refused";
  return layout(site, {
    title: say("signIn.title"),
    path: "/staff",
    main: html`<h1>${say("signIn.title")}</h1>
      <p class="lead">${say("signIn.lead")}</p>
      ${failed ? html`<p class="note" role="alert" id="failed">${say(`signIn.${failed}`)}</p>` : ""}
      ${oidc === undefined ? passwordForm(site, say, wrong) : html`<p><a class="button big" href="${oidc}">${say("signIn.oidc")}</a></p>`}`,
  });
}

function passwordForm(site: Site, say: Say, wrong: boolean): Html {
  const marked = wrong ? html` aria-invalid="true" aria-describedby="failed"` : "";
  return html`<form class="card" method="post" action="/staff/sign-in">
    ${languageField(site)}
    <label for="user">${say("signIn.user")}</label>
    <input
      id="user"
      name="user"
      type="text"
      required
      autocomplete="username"
      autocapitalize="none"
      spellcheck="false"
      ${marked}
    />
    <label for="password">${say("signIn.password")}</label>
    <input id="password" name="password" type="password" required autocomplete="current-password" ${marked} />
    <button class="button">${say("signIn.go")}</button>
  </form>`;
}
