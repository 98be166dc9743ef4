import { html } from "hono/html";
import { type Say, textsOf } from "../texts/texts.ts";
import { type Html, languageField, layout, pathIn } from "./layout.ts";
import type { DeskView, MadeLinkView, Site } from "./views.ts";
import { whenText } from "./when.ts";

const PATH = "/staff";

/** Where staff make links, and see those that were made on this device. */
export function deskPage(site: Site, view: DeskView): Html {
  const say = textsOf(site.locale);
  return layout(site, {
    title: say("desk.title"),
    path: PATH,
    scripts: ["desk.js"],
    wide: true,
    main: html`<div class="head">
        <h1>${say("desk.title")}</h1>
        <form method="post" action="/staff/sign-out">
          ${languageField(site)}<button class="button plain small">${say("desk.signOut")}</button>
        </form>
      </div>
      ${said(say, view)}
      <section class="card focus" aria-labelledby="now" data-made-now hidden>
        <h2 id="now">${say("desk.now")}</h2>
        <ul class="rows" data-made-near></ul>
      </section>
      <div class="columns">${linkForm(site, say, view)} ${madeList(site, say)}</div>
      ${view.receipts ? html`<p class="aside"><a href="${pathIn(site, "/staff/receipts")}">${say("receipts.title")}</a></p>` : ""}`,
  });
}

function said(say: Say, { done, refused, errors }: DeskView): Html | "" {
  if (errors !== undefined) return html`<p class="note" role="alert">${say("desk.error")}</p>`;
  if (refused === "early") return html`<p class="note" role="alert">${say("desk.early")}</p>`;
  if (refused !== undefined) {
    return html`<p class="note" role="alert">${say("desk.refused", { reason: say(`refusal.${refused}.title`) })}</p>`;
  }
  return done === undefined
    ? ""
    : html`<p class="note good" role="status" data-done="${done}">${say(`desk.${done}`)}</p>`;
}

function linkForm(site: Site, say: Say, view: DeskView): Html {
  const { typed = {}, timeZone, maxPeople } = view;
  const field = fieldIn(say, view);
  const locale = typed.locale ?? site.locale;
  return html`<section class="card" aria-labelledby="new">
    <h2 id="new">${say("desk.new")}</h2>
    <p class="quiet">${say("desk.new.text")}</p>
    <form method="post" action="/staff/links">
      ${languageField(site)}
      <div class="pair">
        ${field("date", html`type="date" value="${typed.date ?? ""}" autocomplete="off"`)}
        ${field("time", html`type="time" value="${typed.time ?? ""}" step="300" autocomplete="off"`, say("desk.zone", { zone: timeZone }))}
      </div>
      <div class="pair">
        ${field("minutes", html`type="number" inputmode="numeric" min="5" max="480" value="${typed.minutes ?? "50"}"`)}
        ${field("people", html`type="number" inputmode="numeric" min="1" max="${String(maxPeople)}" value="${typed.people ?? "1"}"`, say("desk.people.text", { max: maxPeople }))}
      </div>
      <div class="field">
        <label for="locale">${say("desk.locale")}</label>
        <select
          id="locale"
          name="locale"
          ${view.errors?.locale === undefined ? "" : html` aria-invalid="true" aria-describedby="locale-error"`}
        >
          ${site.locales.map((one) => html`<option value="${one}" lang="${one}" ${one === locale ? html` selected` : ""}>${textsOf(one)("language")}</option>`)}</select
        >${errorOf(say, view, "locale")}
      </div>
      <button class="button">${say("desk.make")}</button>
    </form>
  </section>`;
}

type Field = "date" | "time" | "minutes" | "people";

function fieldIn(say: Say, view: DeskView) {
  return (name: Field, attributes: Html, hint?: string): Html => {
    const wrong = view.errors?.[name] !== undefined;
    const about = [wrong && `${name}-error`, hint !== undefined && `${name}-hint`].filter(Boolean).join(" ");
    return html`<div class="field">
      <label for="${name}">${say(`desk.${name}`)}</label>
      <input
        id="${name}"
        name="${name}"
        required
        ${attributes}${wrong ? html` aria-invalid="true"` : ""}${about ? html` aria-describedby="${about}"` : ""}
      />${errorOf(say, view, name)}${hint === undefined ? "" : html`<p class="hint" id="${name}-hint">${hint}</p>`}
    </div>`;
  };
}

/** Each field's own sentence; what the server found is only which field it was. */
function errorOf(say: Say, { errors, maxPeople }: DeskView, name: Field | "locale"): Html | "" {
  if (errors?.[name] === undefined) return "";
  return html`<p class="error" id="${name}-error">${say(`desk.error.${name}`, { max: maxPeople })}</p>`;
}

/** Filled by `desk.js` from this device's storage: the server has no list. */
function madeList(site: Site, say: Say): Html {
  return html`<section
    class="card"
    aria-labelledby="made"
    data-made
    data-unknown="${say("made.waiting.unknown")}"
    data-none="${say("made.waiting.none")}"
    data-since="${say("made.waiting.some", { time: "$time" })}"
  >
    <h2 id="made">${say("made.list")}</h2>
    <noscript><p>${say("made.list.script")}</p></noscript>
    <p class="quiet" data-made-none hidden>${say("made.list.none")}</p>
    <ul class="rows" data-made-list hidden></ul>
    <template data-made-item
      ><li class="made">
        <p class="when"><time data-when="${say("time.when", { day: "$day", from: "$from", to: "$to" })}"></time></p>
        <ul class="waiting" hidden></ul>
        <p class="quiet" data-waiting-all hidden>${say("made.waiting.all")}</p>
        <p class="quiet" role="status" data-waiting></p>
        ${linkActions(site, say, "", "small")}
      </li></template
    >
    <template data-waiting-item
      ><li>
        <span><strong data-word></strong> <span data-since></span></span
        ><button class="button small" type="button">${say("made.admit")}</button>
      </li></template
    >
    <p class="quiet" data-made-about hidden>${say("made.list.text")} ${say("made.list.wipe.text")}</p>
    <button class="button plain small" type="button" data-made-wipe hidden>${say("made.list.wipe")}</button>
  </section>`;
}

/** What can be done with a link: plain forms, so that they work without script. */
function linkActions(site: Site, say: Say, link: string, look: string): Html {
  const act = (action: "enter" | "end" | "revoke", look: string) =>
    html`<form method="post" action="/staff/${action}">
      ${languageField(site)}<input type="hidden" name="link" value="${link}" /><button class="button ${look}">
        ${say(`made.${action}`)}
      </button>
    </form>`;
  return html`<div class="actions">
    ${act("enter", look)}
    <details class="more">
      <summary class="button plain small">${say("made.more")}</summary>
      <div class="actions">${act("end", "plain small danger")}${act("revoke", "plain small danger")}</div>
    </details>
  </div>`;
}

/** A link that was just made: to be copied, sent, scanned or put into a calendar. */
export function madeLinkPage(site: Site, view: MadeLinkView): Html {
  const say = textsOf(site.locale);
  const { address, staffLink, starts, ends, timeZone, people, qr, message, calendar, locale } = view;
  const picture = Buffer.from(qr).toString("base64");
  const file = Buffer.from(calendar).toString("base64");
  return layout(site, {
    title: say("made.title"),
    path: PATH,
    scripts: ["made.js"],
    wide: true,
    main: html`<h1>${say("made.title")}</h1>
      <p class="lead">${say("made.people", { people })}</p>
      ${whenText(site, view, timeZone)}
      <noscript><p class="note">${say("made.once")}</p></noscript>
      <p class="note good" role="status" data-keep="${staffLink}" data-starts="${starts}" data-ends="${ends}" hidden>
        ${say("made.kept")}
      </p>
      <div class="columns">
        <section class="card" aria-labelledby="address-title">
          <h2 id="address-title">${say("made.address")}</h2>
          ${copied(say, "address", html`<textarea id="address" readonly rows="3" spellcheck="false" aria-labelledby="address-title">${address}</textarea>`, say("made.copy"))}
          <h2 id="message-title">${say("made.message")}</h2>
          ${copied(say, "message", html`<textarea id="message" readonly rows="13" lang="${locale}" aria-labelledby="message-title">${message}</textarea>`, say("made.message.copy"))}
        </section>
        <section class="card" aria-labelledby="qr-title">
          <h2 id="qr-title">${say("made.qr")}</h2>
          <p class="quiet">${say("made.qr.text")}</p>
          <img class="qr" src="data:image/svg+xml;base64,${picture}" alt="${say("made.qr")}" width="220" height="220" />
          <h2>${say("made.calendar")}</h2>
          <a
            class="button plain"
            download="${say("calendar.title").toLowerCase()}.ics"
            href="data:text/calendar;charset=utf-8;base64,${file}"
            >${say("made.calendar.save")}</a
          >
        </section>
      </div>
      ${linkActions(site, say, staffLink, "small plain")}
      <p class="aside"><a href="${pathIn(site, PATH)}">${say("made.back")}</a></p>`,
  });
}

function copied(say: Say, id: string, area: Html, label: string): Html {
  return html`${area}
    <button
      class="button"
      type="button"
      data-copy-from="${id}"
      data-done="${say("made.copied")}"
      data-failed="${say("made.copyFailed")}"
      hidden
    >
      ${label}
    </button>
    <span role="status" id="${id}-said"></span>`;
}
