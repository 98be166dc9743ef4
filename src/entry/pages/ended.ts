import { html } from "hono/html";
import { textsOf } from "../texts/texts.ts";
import { type Html, layout, pathIn } from "./layout.ts";
import type { Site } from "./views.ts";

/** `GET /ended`: after a call. `forget.js` lets this tab forget the link. */
export function endedPage(site: Site): Html {
  const say = textsOf(site.locale);
  return layout(site, {
    title: say("ended.title"),
    path: "/ended",
    scripts: ["forget.js"],
    main: html`<h1>${say("ended.title")}</h1>
      <p class="lead">${say("ended.text")}</p>
      <p>${say("ended.next")}</p>
      <p class="actions"><a class="button plain" href="${pathIn(site, "/")}">${say("back")}</a></p>`,
  });
}
