import { html } from "hono/html";
import type { Appointment, OpenAppointment, ReadyAppointment, Site } from "./views.ts";
import { type Html, layout } from "./layout.ts";

export function joinPage(site: Site): Html {
  return layout(site, "joinPage", html`<p></p>`);
}

export function earlyPage(site: Site, view: Appointment): Html {
  return layout(site, "earlyPage", html`<p>${JSON.stringify(view)}</p>`);
}

export function openPage(site: Site, view: OpenAppointment): Html {
  return layout(site, "openPage", html`<p>${JSON.stringify(view)}</p>`);
}

export function readyPage(site: Site, view: ReadyAppointment): Html {
  return layout(site, "readyPage", html`<p>${JSON.stringify(view)}</p>`);
}
