import { describe, expect, it } from "vitest";
import { assetRoutes } from "../../src/entry/assets.ts";
import { deskPage, madeLinkPage } from "../../src/entry/pages/desk.ts";
import { earlyPage, openPage, readyPage } from "../../src/entry/pages/join.ts";
import { receiptsPage } from "../../src/entry/pages/receipts.ts";
import { signInPage } from "../../src/entry/pages/sign-in.ts";
import { locales } from "../../src/entry/texts/texts.ts";
import { APPOINTMENT, DESK, gallery, LINK, REFUSALS, someConsent, someMade, someSite } from "./support/gallery.ts";
import { fleschKincaidGrade, wienerSachtextformel } from "./support/readability.ts";
import { telling } from "./support/telling.ts";
import { visibleBlocks } from "./support/visible.ts";
import { weightOf } from "./support/weight.ts";

const LARGEST = 50_000;
const HARDEST_GRADE = 8;
const GRADE = { de: wienerSachtextformel, en: fleschKincaidGrade } as const;

const pages = await Promise.all(
  locales.flatMap((locale) =>
    Object.entries(gallery(someSite(locale))).map(async ([name, page]) => ({ locale, name, html: String(await page) })),
  ),
);

describe.each(pages)("$name in $locale", ({ html, locale, name }) => {
  it("can be read by somebody who left school after the eighth year", () => {
    const grade = GRADE[locale as keyof typeof GRADE];
    expect(grade, `Add a measure of readability for ${locale}.`).toBeDefined();
    expect(grade(visibleBlocks(html))).toBeLessThanOrEqual(HARDEST_GRADE);
  });

  it("is small, with everything that it loads", async () => {
    const weight = await weightOf(html, async (path) =>
      (await assetRoutes().request(path.slice("/assets".length))).text(),
    );
    expect(weight).toBeGreaterThan(Buffer.byteLength(html) + 10_000);
    expect(weight).toBeLessThanOrEqual(LARGEST);
  });

  it("needs nothing that the content policy forbids, and nothing from elsewhere", () => {
    expect(html).not.toMatch(/<style|<iframe|<object|<base|\sstyle=|\son\w+=|javascript:/i);
    for (const [tag] of html.matchAll(/<script\b[^>]*>/g))
      expect(tag).toMatch(/^<script type="module" src="\/assets\//);
    const loaded = [...html.matchAll(/<(?:script|link|img|source|video)\b[^>]*?(?:src|href)="([^"]*)"/g)];
    for (const [, address] of loaded) expect(address).toMatch(/^\/assets\/|^data:image\/svg\+xml;base64,/);
  });

  it("tells nothing to somebody who looks over a shoulder", () => {
    const title = /<title>([^<]*)<\/title>/.exec(html)?.[1];
    expect(title).toMatch(/\p{L}/u);
    expect(telling([title ?? "", ...visibleBlocks(html)].join("\n"))).toEqual([]);
  });

  it("says its language, and leads to itself in the others", () => {
    expect(html).toContain(`<html lang="${locale}">`);
    for (const other of locales.filter((one) => one !== locale)) {
      expect(html).toMatch(new RegExp(`<a\\s+href="[^"]*\\?lang=${other}"\\s+hreflang="${other}"\\s+lang="${other}"`));
    }
    for (const [form] of html.matchAll(/<form[^]*?<\/form>/g)) expect(form).toContain(`name="lang" value="${locale}"`);
  });

  it("leads to imprint and privacy notice without telling from where", () => {
    for (const page of ["imprint", "privacy"]) {
      const [tag] = new RegExp(`<a\\s+href="https://greenriver.example/${page}"[^]*?>`).exec(html) ?? [];
      expect(tag, name).toMatch(/rel="noopener noreferrer"\s+referrerpolicy="no-referrer"/);
    }
  });
});

describe("refusals", () => {
  it.each(locales)("each have a sentence and a next step of their own in %s, and no code", (locale) => {
    const said = REFUSALS.map((refusal) => {
      const html = pages.find((page) => page.name === refusal && page.locale === locale)?.html ?? "";
      return visibleBlocks(html.slice(html.indexOf("<h1>"), html.indexOf("</main>"))).join("|");
    });
    expect(new Set(said).size).toBe(REFUSALS.length);
    for (const text of said) {
      expect(text.split("|").length).toBeGreaterThan(3);
      expect(text).not.toMatch(/\d{3}|error|fehler|code/i);
    }
  });
});

describe("whatever stands in a field", () => {
  const EVIL = `"><script>alert(1)</script><img src=x onerror=alert(1)>'\${7*7}{{7*7}}`;
  const site = someSite("en", { imprintUrl: "javascript:alert(1)", privacyUrl: `https://x.example/${EVIL}` });
  const mine = { ...APPOINTMENT, link: EVIL };
  const made = {
    ...someMade("en"),
    address: EVIL,
    staffLink: EVIL,
    message: `</textarea>${EVIL}`,
    qr: EVIL,
    calendar: EVIL,
  };
  it.each([
    ["early", earlyPage(site, mine)],
    ["open", openPage(site, { ...mine, consent: { text: EVIL, version: EVIL, hash: EVIL }, stun: [EVIL] })],
    ["ready", readyPage(site, { ...mine, receipt: EVIL })],
    ["sign-in", signInPage(site, { oidc: EVIL })],
    ["desk", deskPage(site, { ...DESK, timeZone: EVIL, typed: { date: EVIL, minutes: EVIL, locale: EVIL } })],
    ["made", madeLinkPage({ ...site }, made)],
    ["receipts", receiptsPage(site, { days: 1, found: [{ file: EVIL, version: EVIL, agreed: 1 }] })],
  ])("is text on the page %s, never markup", async (name, page) => {
    const html = String(await page);
    expect(html, name).not.toMatch(/<script>|<img src=x|<\/textarea>"|javascript:/);
  });

  it("such as the link, is in no address that a server sees", () => {
    for (const { html } of pages) {
      for (const [, address = ""] of html.matchAll(/(?:href|action|src)="([^"]*)"/g)) {
        expect(address.split("#")[0]).not.toContain(LINK);
      }
    }
  });
});

it("shows the consent text as it is, with its version and hash", async () => {
  const consent = someConsent("en");
  const html = String(await openPage(someSite("en"), { ...APPOINTMENT, consent }));
  expect(html).toContain(`>${consent.text}</div>`);
  expect(html).toContain(`Version ${consent.version}`);
  expect(html).toContain(`<code>${consent.hash}</code>`);
  expect(html).toContain(`name="consent" value="${consent.hash}"`);
});
