import { html } from "hono/html";
import { type KitFileName, kitFiles } from "../kit/files.ts";
import { textsOf } from "../texts/texts.ts";
import { type Html, layout } from "./layout.ts";
import type { Site } from "./views.ts";

const PARTS = [
  { part: "firefox", files: ["policies.json"] },
  { part: "chrome", files: ["chrome.json", "edge.json"] },
  { part: "ublock", files: ["ublock.txt"] },
  { part: "wireguard", files: ["tunnel.conf", "kill-switch.sh"] },
] as const satisfies readonly { part: string; files: readonly KitFileName[] }[];

/** `GET /kit`: files for the practice's own devices, each with its hash. */
export function kitPage(site: Site): Html {
  const say = textsOf(site.locale);
  const all = kitFiles(site);
  const sections = PARTS.map(
    ({ part, files }) =>
      html`<section class="card">
        <h2>${say(`kit.${part}.title`)}</h2>
        <p>${say(`kit.${part}.text`)}</p>
        <p class="quiet">${say(`kit.${part}.where`)}</p>
        ${part === "wireguard" ? html`<p class="quiet">${say("kit.wireguard.other")}</p>` : ""}
        ${files.map(
          (file) =>
            html`<div class="file">
              <a class="button plain" href="/kit/${file}" download="${file}">${say("kit.save", { file })}</a>
              <p class="quiet">${say("kit.hash")}<br /><code>${all[file].sha256}</code></p>
            </div>`,
        )}
      </section>`,
  );
  return layout(site, {
    title: say("kit.title"),
    path: "/kit",
    main: html`<h1>${say("kit.title")}</h1>
      <p class="lead">${say("kit.lead")}</p>
      <p class="note">${say("kit.own")}</p>
      ${sections}
      <p class="quiet">${say("kit.check")}</p>`,
  });
}
