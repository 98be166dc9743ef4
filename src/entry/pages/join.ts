import { html } from "hono/html";
import { type Say, textsOf } from "../texts/texts.ts";
import { machineTime, timeText } from "../texts/times.ts";
import { wordsIn } from "../texts/words.ts";
import { deviceCheck, otherBrowser } from "./check.ts";
import { type Html, languageField, layout, pathIn } from "./layout.ts";
import { rememberChoice } from "./own.ts";
import type { Appointment, OpenAppointment, ReadyAppointment, Site } from "./views.ts";
import { whenText } from "./when.ts";

const PATH = "/join";

/** `GET /join`: `join.js` takes the capability out of the address and hands it in; without one, it can be pasted. */
export function joinPage(site: Site): Html {
  const say = textsOf(site.locale);
  return layout(site, {
    title: say("join.title"),
    path: PATH,
    scripts: ["join.js"],
    main: html`<h1>${say("join.title")}</h1>
      <noscript><p class="note">${say("script")}</p></noscript>
      <p class="lead" role="status" data-join-wait hidden>${say("join.wait")}</p>
      <form class="card" method="post" action="${PATH}" data-join hidden>
        ${languageField(site)}
        <p>${say("join.missing")}</p>
        <label for="link">${say("join.link")}</label>
        <input id="link" name="link" type="text" required autocomplete="off" autocapitalize="none" spellcheck="false" />
        <button class="button">${say("join.go")}</button>
      </form>`,
  });
}

/** A good link before its time: when the door opens, and what to do until then. */
export function earlyPage(site: Site, view: Appointment): Html {
  const say = textsOf(site.locale);
  const opens = timeText(site.locale, site.timeZone ?? "UTC", view.opens);
  return layout(site, {
    title: say("early.title"),
    path: PATH,
    scripts: ["times.js", "countdown.js", "check.js", "own.js"],
    main: html`<h1>${say("early.title")}</h1>
      <p class="lead">${say("early.lead")}</p>
      ${otherBrowser(site, view.link)}
      <section class="card focus" aria-label="${say("join.title")}">
        ${whenText(site, view)}
        <p>
          <time datetime="${machineTime(view.opens)}" data-sentence="${say("early.opens", { time: "$time" })}"
            >${say("early.opens", { time: opens })}</time
          >
        </p>
        <p class="countdown" role="timer" data-countdown data-opens="${view.opens}" hidden>
          <span class="quiet">${say("early.left")}</span> <span data-left></span>
        </p>
        <form method="post" action="${PATH}" data-again>
          ${linkFields(site, view)}<button class="button plain">${say("early.again")}</button>
        </form>
        <p class="quiet">${say("early.stay")}</p>
        ${rememberChoice(site, view)}
      </section>
      ${shortList(site, say)} ${deviceCheck(site)}`,
  });
}

/** In time: the device check and the text to agree to. */
export function openPage(site: Site, view: OpenAppointment): Html {
  const say = textsOf(site.locale);
  const { text, version, hash } = view.consent;
  return layout(site, {
    title: say("open.title"),
    path: PATH,
    scripts: ["times.js", "check.js"],
    main: html`<h1>${say("open.title")}</h1>
      <p class="lead">${say("open.lead")}</p>
      ${whenText(site, view)} ${otherBrowser(site, view.link)} ${deviceCheck(site, view)}
      <section class="card" aria-labelledby="consent">
        <h2 id="consent">${say("consent.title")}</h2>
        ${view.changed ? html`<p class="note" role="alert">${say("open.changed")}</p>` : ""}
        <div class="consent" tabindex="0" role="region" aria-label="${say("consent.box")}">${text}</div>
        <form method="post" action="/consent">
          ${linkFields(site, view)}<input type="hidden" name="consent" value="${hash}" />
          <label class="choice"
            ><input type="checkbox" name="agree" value="yes" required /><span>${say("consent.agree")}</span></label
          >
          <button class="button">${say("consent.go")}</button>
        </form>
        <details class="quiet">
          <summary>${say("consent.mark", { version })}</summary>
          <p>${say("consent.hash")}<br /><code>${hash}</code></p>
        </details>
      </section>`,
  });
}

/** Consent was given: the way in, and the receipt to keep. */
export function readyPage(site: Site, view: ReadyAppointment): Html {
  const say = textsOf(site.locale);
  const file = Buffer.from(view.receipt).toString("base64");
  return layout(site, {
    title: say("ready.title"),
    path: PATH,
    scripts: ["times.js", "check.js", "own.js"],
    main: html`<h1>${say("ready.title")}</h1>
      <p class="lead" data-able>${say("ready.lead")}</p>
      ${otherBrowser(site, view.link)}
      <section class="card focus" aria-label="${say("join.title")}" data-able>
        ${whenText(site, view)}
        <form method="post" action="/enter">
          ${linkFields(site, view)}<input type="hidden" name="receipt" value="${view.receipt}" />
          ${view.group ? wordChoice(site, say) : ""}<button class="button big">${say("ready.enter")}</button>
        </form>
        <p class="quiet">${say("ready.wait")}</p>
        ${rememberChoice(site, view)}
      </section>
      <section class="card" aria-labelledby="receipt">
        <h2 id="receipt">${say("ready.receipt")}</h2>
        <p>${say("ready.receipt.text", { days: view.receiptDays ?? 0 })}</p>
        <a class="button plain" download="receipt.json" href="data:application/json;base64,${file}"
          >${say("ready.receipt.save")}</a
        >
      </section>`,
  });
}

/** A word for the door, from a list, so that no name can be typed. */
function wordChoice(site: Site, say: Say): Html {
  return html`<div class="field">
    <label for="word">${say("word.title")}</label>
    <select id="word" name="word" autocomplete="off" aria-describedby="word-hint">
      <option value="">${say("word.none")}</option>
      ${wordsIn(site.locale).map(({ number, word }) => html`<option value="${String(number)}">${word}</option>`)}
    </select>
    <p class="hint" id="word-hint">${say("word.text")}</p>
  </div>`;
}

function linkFields(site: Site, { link }: Appointment): Html {
  return html`${languageField(site)}<input type="hidden" name="link" value="${link}" />`;
}

function shortList(site: Site, say: Say): Html {
  return html`<section class="card" aria-labelledby="list">
    <h2 id="list">${say("list.title")}</h2>
    <ul class="ticks">
      <li>${say("list.place")}</li>
      <li>${say("list.network")}</li>
      <li>${say("list.close")}</li>
      <li>${say("list.power")}</li>
    </ul>
    <p>
      <a href="${pathIn(site, "/before")}" target="_blank" rel="noopener"
        >${say("list.more")} <span class="out" aria-hidden="true">↗</span
        ><span class="unseen">${say("footer.newTab")}</span></a
      >
    </p>
  </section>`;
}
