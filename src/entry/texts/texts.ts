import { readdirSync, readFileSync } from "node:fs";
import { IntlMessageFormat } from "intl-messageformat";
import german from "./de.json" with { type: "json" };

/** What can be said. Every language has exactly these; a test compares them. */
export type TextKey = keyof typeof german;

/** All of it. */
export const textKeys = Object.keys(german) as readonly TextKey[];

/** What a text's placeholders stand for. */
export type TextValues = Readonly<Record<string, string | number>>;

/** Says one text in one language. */
export type Say = (key: TextKey, values?: TextValues) => string;

const folder = new URL("./", import.meta.url);
const languages: ReadonlyMap<string, Readonly<Record<TextKey, string>>> = new Map(
  readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .toSorted()
    .map((file) => [
      file.slice(0, -".json".length),
      JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Readonly<Record<TextKey, string>>,
    ]),
);

/** Languages that there is a file for, as BCP 47 tags in the order of the alphabet. One more file is one more language. */
export const locales: readonly string[] = [...languages.keys()];

/** Whether there is a file for exactly this language. */
export function isLocale(value: string | undefined): value is string {
  return value !== undefined && languages.has(value);
}

/**
 * The language that a visitor gets: the one asked for in the address, else the first of the browser's
 * (`Accept-Language`, RFC 9110 §12.5.4) that there is a file for, else `fallback`.
 */
export function chooseLocale(wanted: string | undefined, acceptLanguage: string | undefined, fallback: string): string {
  if (isLocale(wanted)) return wanted;
  const accepted = (acceptLanguage ?? "")
    .slice(0, 500)
    .split(",")
    .map((part) => {
      const [tag = "", weight] = part.trim().split(/\s*;\s*q=/);
      return { tag: tag.toLowerCase(), weight: weight === undefined ? 1 : Number(weight) };
    })
    .filter(({ weight }) => weight > 0)
    .toSorted((one, other) => other.weight - one.weight)
    .map(({ tag }) => locales.find((locale) => locale.toLowerCase() === tag || locale === tag.split("-")[0]));
  return accepted.find((locale) => locale !== undefined) ?? fallback;
}

const compiled = new Map<string, IntlMessageFormat>();

/**
 * The texts of one language.
 * @throws Error from the returned function when a placeholder has no value.
 */
export function textsOf(locale: string): Say {
  const texts = languages.get(locale);
  if (!texts) throw new Error(`There are no texts in "${locale}". Languages with a file: ${locales.join(", ")}.`);
  return (key, values) => {
    const id = `${locale}/${key}`;
    const message = compiled.get(id) ?? new IntlMessageFormat(texts[key], locale);
    compiled.set(id, message);
    return String(message.format(values));
  };
}
