import { html } from "hono/html";
import { textsOf } from "../texts/texts.ts";
import { type Html, layout, pathIn } from "./layout.ts";
import type { Refusal, Site } from "./views.ts";

/** Those that another try may change. */
const WORTH_A_TRY: readonly Refusal[] = ["full", "away"];

/** Why somebody is not let in, in a sentence of its own, and what to do next. */
export function refusalPage(site: Site, refusal: Refusal): Html {
  const say = textsOf(site.locale);
  const title = say(`refusal.${refusal}.title`);
  const again = WORTH_A_TRY.includes(refusal)
    ? html`<a class="button" href="${pathIn(site, "/join")}">${say("refusal.again")}</a>`
    : "";
  return layout(site, {
    title,
    path: "/join",
    main: html`<h1>${title}</h1>
      <p class="lead">${say(`refusal.${refusal}.text`)}</p>
      <p>${say(`refusal.${refusal}.next`)}</p>
      <p class="actions">${again}<a class="button plain" href="${pathIn(site, "/")}">${say("back")}</a></p>`,
  });
}

/** For an address that leads nowhere. */
export function lostPage(site: Site): Html {
  const say = textsOf(site.locale);
  return layout(site, {
    title: say("lost.title"),
    path: "/",
    main: html`<h1>${say("lost.title")}</h1>
      <p class="lead">${say("lost.text")}</p>
      <p class="actions"><a class="button plain" href="${pathIn(site, "/")}">${say("back")}</a></p>`,
  });
}
