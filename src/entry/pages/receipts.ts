import { html } from "hono/html";
import { type Say, textsOf } from "../texts/texts.ts";
import { dayText, machineTime, timeText } from "../texts/times.ts";
import { type Html, languageField, layout, pathIn } from "./layout.ts";
import type { FoundReceipt, ReceiptsView, Site } from "./views.ts";

const PATH = "/staff/receipts";

/** Where staff find the receipts that the practice keeps: with the link of the appointment, for there is no list. */
export function receiptsPage(site: Site, { days, found, wrong = false }: ReceiptsView): Html {
  const say = textsOf(site.locale);
  const marked = wrong ? html` aria-invalid="true" aria-describedby="failed"` : "";
  return layout(site, {
    title: say("receipts.title"),
    path: PATH,
    main: html`<h1>${say("receipts.title")}</h1>
      <p class="lead">${say("receipts.lead", { days })}</p>
      ${wrong ? html`<p class="note" role="alert" id="failed">${say("receipts.wrong")}</p>` : ""}
      ${found === undefined ? "" : results(site, say, found)}
      <form class="card" method="post" action="${PATH}">
        ${languageField(site)}
        <label for="link">${say("receipts.link")}</label>
        <input
          id="link"
          name="link"
          type="text"
          required
          autocomplete="off"
          autocapitalize="none"
          spellcheck="false"
          ${marked}
        />
        <button class="button">${say("receipts.find")}</button>
      </form>
      <p class="aside"><a href="${pathIn(site, "/staff")}">${say("made.back")}</a></p>`,
  });
}

function results(site: Site, say: Say, found: readonly FoundReceipt[]): Html {
  return html`<section class="card" aria-labelledby="found">
    <h2 id="found">${say("receipts.found", { count: found.length })}</h2>
    ${
      found.length === 0
        ? html`<p>${say("receipts.none")}</p>`
        : html`<ul class="rows">
            ${found.map((one) => rowOf(site, say, one))}
          </ul>`
    }
  </section>`;
}

function rowOf(site: Site, say: Say, { file, version, agreed }: FoundReceipt): Html {
  const zone = site.timeZone ?? "UTC";
  const when = { day: dayText(site.locale, zone, agreed), time: timeText(site.locale, zone, agreed) };
  const content = Buffer.from(file).toString("base64");
  return html`<li class="made">
    <p>
      <time datetime="${machineTime(agreed)}">${say("receipts.agreed", when)}</time>
      <span class="quiet">${say("consent.mark", { version })}</span>
    </p>
    <div class="actions">
      <a class="button plain small" download="receipt.json" href="data:application/json;base64,${content}"
        >${say("ready.receipt.save")}</a
      >
    </div>
  </li> `;
}
