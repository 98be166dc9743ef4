import { html } from "hono/html";
import { textsOf } from "../texts/texts.ts";
import { dayText, machineTime, timeText, zoneText } from "../texts/times.ts";
import type { Html } from "./layout.ts";
import type { Appointment, Site } from "./views.ts";

/** An appointment's time in the practice's zone, which is named. A script says it in the visitor's own. */
export function whenText(
  site: Site,
  { starts, ends }: Pick<Appointment, "starts" | "ends">,
  timeZone = site.timeZone ?? "UTC",
): Html {
  const say = textsOf(site.locale);
  const when = say("time.when", {
    day: dayText(site.locale, timeZone, starts),
    from: timeText(site.locale, timeZone, starts),
    to: timeText(site.locale, timeZone, ends),
  });
  const zone = say("time.zone", { zone: zoneText(site.locale, timeZone, starts) });
  const pattern = say("time.when", { day: "$day", from: "$from", to: "$to" });
  return html`<p
    class="when"
    data-when="${pattern}"
    data-starts="${starts}"
    data-ends="${ends}"
    data-zone="${say("time.zone", { zone: "$zone" })}"
  >
    <time datetime="${machineTime(starts)}">${when}</time> <span class="quiet">${zone}</span>
  </p>`;
}
