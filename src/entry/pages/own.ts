import { html } from "hono/html";
import { textsOf } from "../texts/texts.ts";
import { type Html, languageField } from "./layout.ts";
import type { Appointment, Site } from "./views.ts";

/** This device's own past and coming appointments: filled by `own.js` from the device's storage, known to nobody else. */
export function ownList(site: Site): Html {
  const say = textsOf(site.locale);
  return html`<section class="card" aria-labelledby="own" data-own>
    <h2 id="own">${say("own.title")}</h2>
    <noscript><p>${say("own.script")}</p></noscript>
    <p data-own-none hidden>${say("own.none")}</p>
    <p data-own-private hidden>${say("own.private")}</p>
    <ul class="rows" data-own-list hidden></ul>
    <template
      ><li class="row">
        <span class="row-text"
          ><time data-when="${say("time.when", { day: "$day", from: "$from", to: "$to" })}"></time
          ><span class="quiet" data-past>${say("own.past")}</span></span
        >
        <form method="post" action="/join">
          ${languageField(site)}<input type="hidden" name="link" /><button class="button small">
            ${say("own.open")}
          </button>
        </form>
      </li></template
    >
    <p class="quiet" data-own-where hidden>${say("own.where")}</p>
    <button class="button plain small" type="button" data-own-wipe hidden>${say("own.wipe")}</button>
    <p role="status" data-own-said data-text="${say("own.wiped")}"></p>
  </section>`;
}

/** Lets the visitor keep this appointment on this device; shown by `own.js` where something can be kept. */
export function rememberChoice(site: Site, { link, starts, ends }: Appointment): Html {
  const say = textsOf(site.locale);
  return html`<div
    class="remember"
    data-remember
    data-link="${link}"
    data-starts="${starts}"
    data-ends="${ends}"
    hidden
  >
    <label class="choice"
      ><input type="checkbox" aria-describedby="remember-text" /><span>${say("own.remember")}</span></label
    >
    <p class="quiet" id="remember-text">${say("own.remember.text")}</p>
  </div>`;
}
