import { globSync, readFileSync } from "node:fs";
import { IntlMessageFormat } from "intl-messageformat";
import { describe, expect, it } from "vitest";
import { calendarNote, calendarTitle, messageText } from "../../src/entry/texts/neutral.ts";
import { chooseLocale, isLocale, locales, textKeys, textsOf } from "../../src/entry/texts/texts.ts";
import { fleschKincaidGrade, wienerSachtextformel } from "./support/readability.ts";
import { telling } from "./support/telling.ts";

const fileOf = (locale: string) =>
  JSON.parse(readFileSync(`src/entry/texts/${locale}.json`, "utf8")) as Record<string, string>;

type Element = ReturnType<IntlMessageFormat["getAst"]>[number];
/** Names of placeholders, those within plurals too. Literals and `#` have none. */
function placeholders(elements: readonly Element[]): string[] {
  return elements.flatMap((element) => {
    const named = /^[1-6]$/.test(String(element.type)); // arguments of each kind; not literals, `#` and tags
    const own = named && "value" in element ? [element.value] : [];
    const inner =
      "options" in element ? Object.values(element.options).flatMap(({ value }) => placeholders(value)) : [];
    return [...own, ...inner];
  });
}
const placeholdersOf = (text: string, locale: string) => [
  ...new Set(placeholders(new IntlMessageFormat(text, locale).getAst())),
];

describe("the files of the languages", () => {
  it("are all found: a file is a language", () => {
    expect(locales).toEqual(
      globSync("src/entry/texts/*.json")
        .map((file) => file.slice(-7, -5))
        .toSorted(),
    );
    expect(locales).toEqual(expect.arrayContaining(["de", "en"]));
  });

  const reference = fileOf("de");
  it.each(locales)("%s has exactly the same texts with the same placeholders", (locale) => {
    const texts = fileOf(locale);
    expect(Object.keys(texts)).toEqual(Object.keys(reference));
    for (const [key, text] of Object.entries(texts)) {
      const expected = placeholdersOf(reference[key] ?? "", "de").toSorted();
      expect([key, ...placeholdersOf(text, locale).toSorted()]).toEqual([key, ...expected]);
    }
  });

  it.each(locales)("%s has no text that is not used", () => {
    const code = globSync(["src/entry/**/*.ts", "test/entry/support/gallery.ts"])
      .map((file) => readFileSync(file, "utf8"))
      .join("\n");
    /** Keys that are put together, like `refusal.${refusal}.title`. */
    const patterns = [...code.matchAll(/`([a-zA-Z.]*\$\{[^`]*)`/g)].map(
      ([, key = ""]) =>
        new RegExp(
          `^${key
            .split(/\$\{[^}]*\}/)
            .map((part) => part.replaceAll(".", "\\."))
            .join("[\\w.]+")}$`,
        ),
    );
    const unused = textKeys.filter((key) => !code.includes(`"${key}"`) && !patterns.some((one) => one.test(key)));
    expect(unused).toEqual([]);
  });

  it("are refused when a value is missing, instead of showing a gap", () => {
    expect(() => textsOf("en")("early.opens")).toThrow(/time/);
    expect(() => textsOf("xx")).toThrow(/no texts in "xx".*de, en/);
  });
});

describe("the language of a visitor", () => {
  it.each([
    ["en", "de-DE,de;q=0.9", "en"],
    ["xx", "en-GB,en;q=0.8", "en"],
    [undefined, "fr-FR,fr;q=0.9,en;q=0.5,de;q=0.7", "de"],
    [undefined, "en;q=0, de;q=0", "de"],
    [undefined, "*", "de"],
    [undefined, undefined, "de"],
    ["../../etc/passwd", ";;;,q=,=;", "de"],
  ])("asked for %s, browser %s: %s", (wanted, accepted, expected) => {
    expect(chooseLocale(wanted, accepted, "de")).toBe(expected);
  });

  it("is one that there is a file for", () => {
    expect(isLocale("de")).toBe(true);
    expect(isLocale("__proto__")).toBe(false);
    expect(isLocale(undefined)).toBe(false);
  });
});

it.each(locales.flatMap((locale) => [0, 1, 730].map((days) => [locale, days] as const)))(
  "the consent text in %s is plain with a receipt that is kept %s days, and tells nothing to somebody who looks over a shoulder",
  (locale, days) => {
    const text = textsOf(locale)("consent.text", { days });
    const grade = { de: wienerSachtextformel, en: fleschKincaidGrade }[locale];
    expect(grade?.(text.split("\n\n"))).toBeLessThanOrEqual(8);
    expect(telling(text)).toEqual([]);
  },
);

describe("what is sent to guests", () => {
  const invitation = {
    address: "https://go.greenriver.example/join#secret",
    starts: Date.UTC(2027, 2, 28, 0, 30) / 1000, // the night in which clocks go forward
    ends: Date.UTC(2027, 2, 28, 1, 20) / 1000,
    timeZone: "Europe/Berlin",
  };

  it("names day, time, zone and link", () => {
    expect(messageText("de", invitation)).toContain("am Sonntag, 28. März 2027 von 01:30 bis 03:20 Uhr (MEZ)");
    expect(messageText("en", invitation)).toContain("on Sunday, March 28, 2027 from 1:30");
    for (const locale of locales) {
      expect(messageText(locale, invitation)).toContain(invitation.address);
      expect(calendarNote(locale, invitation.address)).toContain(invitation.address);
    }
  });

  it.each(locales)("tells nothing about what the appointment is, in %s", (locale) => {
    const sent = [messageText(locale, invitation), calendarTitle(locale), calendarNote(locale, invitation.address)];
    expect(telling(sent.join("\n"))).toEqual([]);
  });
});
