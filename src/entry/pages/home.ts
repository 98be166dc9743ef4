import { html } from "hono/html";
import { textsOf } from "../texts/texts.ts";
import { type Html, layout, pathIn } from "./layout.ts";
import { ownList } from "./own.ts";
import type { Site } from "./views.ts";

/** `GET /`: this device's own appointments, the checklist, and the way in for staff. The guard's way back leads here, too. */
export function homePage(site: Site): Html {
  const say = textsOf(site.locale);
  return layout(site, {
    title: say("home.title"),
    path: "/",
    scripts: ["forget.js", "own.js"],
    main: html`<h1>${say("home.title")}</h1>
      <p class="lead">${say("home.lead")} ${say("home.plain")}</p>
      ${ownList(site)}
      <a class="card link" href="${pathIn(site, "/before")}"
        ><strong>${say("home.before")}</strong><span class="quiet">${say("home.before.text")}</span></a
      >
      <p class="aside"><a href="${pathIn(site, "/staff")}">${say("home.staff")}</a></p>`,
  });
}
