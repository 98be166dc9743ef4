import { html } from "hono/html";
import { type Say, type TextKey, textsOf } from "../texts/texts.ts";
import { type Html, layout } from "./layout.ts";
import type { Site } from "./views.ts";

/** What to do when: a sentence each, and `.text` for why and how. */
const LIST = [
  { when: "before.days", what: ["before.own", "before.browser", "before.update", "before.lock"] },
  {
    when: "before.hour",
    what: ["before.place", "before.network", "before.close", "before.speakers", "before.private", "before.sound"],
  },
  { when: "before.during", what: ["before.symbols", "before.plan"] },
  { when: "before.after", what: ["before.end"] },
] as const satisfies readonly { when: TextKey; what: readonly TextKey[] }[];

/** `GET /before`: the checklist, to be read, ticked off or printed; no script. */
export function beforePage(site: Site): Html {
  const say = textsOf(site.locale);
  return layout(site, {
    title: say("before.title"),
    path: "/before",
    main: html`<h1>${say("before.title")}</h1>
      <p class="lead">${say("before.lead")}</p>
      ${LIST.map(
        ({ when, what }) =>
          html`<section class="card">
            <h2>${say(when)}</h2>
            ${what.map((item) => tick(say, item))}
          </section> `,
      )}`,
  });
}

function tick(say: Say, item: (typeof LIST)[number]["what"][number]): Html {
  return html`<label class="choice"
    ><input type="checkbox" /><span
      ><strong>${say(item)}</strong><br /><span class="quiet">${say(`${item}.text`)}</span></span
    ></label
  > `;
}
