import { html } from "hono/html";
import { type Say, type TextKey, textsOf } from "../texts/texts.ts";
import type { Html } from "./layout.ts";
import type { OpenAppointment, Site } from "./views.ts";

type Row = "browser" | "camera" | "microphone" | "speaker" | "clock" | "connection";

/** What each row can say; the first is shown until `check.js` knows better. */
const STATES = {
  browser: ["idle", "good", "bad"],
  camera: ["idle", "good", "bad"],
  microphone: ["idle", "quiet", "good", "bad"],
  speaker: ["idle", "played"],
  clock: ["idle", "good", "bad"],
  connection: ["idle", "running", "good", "bad", "unknown"],
} as const satisfies Record<Row, readonly string[]>;

/** The device check. Every sentence stands in the page; the script only chooses which one is seen. */
export function deviceCheck(site: Site, { stun = [] }: Pick<OpenAppointment, "stun"> = {}): Html {
  const say = textsOf(site.locale);
  return html`<section class="card" aria-labelledby="check" data-check data-stun="${stun.join(" ")}">
    <h2 id="check">${say("check.title")}</h2>
    <p>${say("check.lead")}</p>
    <noscript><p class="note">${say("check.script")}</p></noscript>
    <div class="preview" data-preview hidden>
      <video muted autoplay playsinline aria-label="${say("check.preview")}"></video>
      <label class="quiet" for="level">${say("check.level")}</label>
      <meter id="level" min="0" max="1" low="0.05" value="0"></meter>
    </div>
    <div class="actions">
      <button class="button" type="button" data-start hidden>${say("check.start")}</button>
      <button class="button plain" type="button" data-stop hidden>${say("check.stop")}</button>
    </div>
    <ul class="rows">
      ${(Object.keys(STATES) as Row[]).map((row) => rowOf(say, row))}
    </ul>
  </section>`;
}

function rowOf(say: Say, row: Row): Html {
  const sentences = STATES[row].map((state, index) => {
    const key = `check.${row}.${state}` as TextKey;
    return html`<span data-state="${state}" ${index > 0 ? html` hidden` : ""}>${say(key)}</span>`;
  });
  const play =
    row === "speaker"
      ? html`<button class="button plain small" type="button" data-play hidden>${say("check.speaker.play")}</button>`
      : "";
  return html`<li class="row check" data-row="${row}" data-now="idle">
    <span class="dot" aria-hidden="true"></span>
    <div class="row-text"><strong>${say(`check.${row}`)}</strong><span role="status">${sentences}</span>${play}</div>
  </li> `;
}

/** What to do on this very device when its browser cannot encrypt; shown by `check.js` alone, for it alone can tell. */
export function otherBrowser(site: Site, link: string): Html {
  const say = textsOf(site.locale);
  return html`<section class="card warn" aria-labelledby="other" data-other hidden>
    <h2 id="other">${say("other.title")}</h2>
    <div data-device="android" hidden>
      <p>${say("other.android")}</p>
      <p>${say("other.next")}</p>
    </div>
    <div data-device="desktop" hidden>
      <p>${say("other.desktop")}</p>
      <p>${say("other.next")}</p>
    </div>
    <div data-device="apple" hidden>
      <p>${say("other.apple")}</p>
      <p>${say("other.next.apple")}</p>
    </div>
    <button class="button" type="button" data-copy="https://${site.hosts.entry}/join#${link}">
      ${say("other.copy")}
    </button>
    <p role="status" data-copied="${say("made.copied")}" data-failed="${say("made.copyFailed")}"></p>
  </section>`;
}
