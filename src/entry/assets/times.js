import { sentenceOf, timeOf, zoneOf } from "./when.js";

// The page names times in the practice's zone; a visitor in another one reads their own.
if (new Intl.DateTimeFormat().resolvedOptions().timeZone !== document.body.dataset.zone) {
  for (const when of document.querySelectorAll("p[data-when]")) {
    const { when: pattern, zone, starts, ends } = when.dataset;
    when.querySelector("time").textContent = sentenceOf(pattern, { starts, ends });
    when.querySelector("span").textContent = zone.replace("$zone", () => zoneOf(starts));
  }
  for (const time of document.querySelectorAll("time[data-sentence]")) {
    const seconds = Date.parse(time.dateTime) / 1000;
    time.textContent = time.dataset.sentence.replace("$time", () => timeOf(seconds));
  }
}
