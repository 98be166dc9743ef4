import { html } from "hono/html";
import { assetPath } from "../assets/files.ts";
import { type Say, textsOf } from "../texts/texts.ts";
import type { Site } from "./views.ts";

/** HTML in which every value was escaped. */
export type Html = ReturnType<typeof html>;

/** What a page consists of. */
export interface Page {
  readonly title: string;
  /** Where the same can be had in another language: a path that a GET answers. */
  readonly path: string;
  /** Files of `src/entry/assets`. The page's text is complete without them. */
  readonly scripts?: readonly string[];
  /** Takes the width of a desktop. */
  readonly wide?: boolean;
  readonly main: Html;
}

/** A whole page: head, header, content and footer in the visitor's language. */
export function layout(site: Site, { title, path, scripts = [], wide = false, main }: Page): Html {
  const say = textsOf(site.locale);
  return html`<!doctype html>
    <html lang="${site.locale}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <meta name="robots" content="noindex, nofollow" />
        <meta name="format-detection" content="telephone=no" />
        <title>${title}</title>
        <link rel="icon" href="${assetPath("icon.svg")}" type="image/svg+xml" />
        <link rel="stylesheet" href="${assetPath("style.css")}" />
        ${scripts.map((file) => html`<script type="module" src="${assetPath(file)}"></script>`)}
      </head>
      <body data-zone="${site.timeZone ?? "UTC"}" data-now="${site.now ?? ""}">
        <a class="skip" href="#main">${say("skip")}</a>
        <header class="top ${wide ? "wide" : "narrow"}">
          <a class="brand" href="${pathIn(site, "/")}"><span class="mark" aria-hidden="true"></span>${say("brand")}</a>
        </header>
        <main id="main" class="${wide ? "wide" : "narrow"}" tabindex="-1">${main}</main>
        <footer class="bottom">${legal(site, say)}${languages(site, say, path)}</footer>
      </body>
    </html>`;
}

/** A path of this host that keeps the language. */
export function pathIn(site: Site, path: string): string {
  return `${path}?lang=${site.locale}`;
}

/** What every form carries, so that its answer comes in the same language. */
export function languageField(site: Site): Html {
  return html`<input type="hidden" name="lang" value="${site.locale}" />`;
}

/** To the practice's own pages: in a new window, so that an open appointment stays, and without telling from where. */
function legal({ imprintUrl, privacyUrl }: Site, say: Say): Html | "" {
  const links = [
    { url: imprintUrl, label: say("footer.imprint") },
    { url: privacyUrl, label: say("footer.privacy") },
  ].filter(({ url }) => url !== undefined && /^https?:\/\//i.test(url));
  if (links.length === 0) return "";
  return html`<ul aria-label="${say("footer.about")}">
    ${links.map(
      ({ url, label }) =>
        html`<li>
          <a href="${url}" target="_blank" rel="noopener noreferrer" referrerpolicy="no-referrer"
            >${label} <span class="out" aria-hidden="true">↗</span
            ><span class="unseen">${say("footer.newTab")}</span></a
          >
        </li> `,
    )}
  </ul> `;
}

function languages(site: Site, say: Say, path: string): Html | "" {
  const others = site.locales.filter((locale) => locale !== site.locale);
  if (others.length === 0) return "";
  return html`<ul aria-label="${say("footer.languages")}">
    ${others.map(
      (locale) =>
        html`<li>
          <a href="${path}?lang=${locale}" hreflang="${locale}" lang="${locale}">${textsOf(locale)("language")}</a>
        </li>`,
    )}
  </ul> `;
}
