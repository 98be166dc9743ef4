import { type TextKey, textsOf } from "./texts.ts";

/** How many words there are: `word.1` and so on in each language. */
const WORDS = 12;

const keyOf = (number: number) => `word.${number}` as TextKey;

/** The words of a language in the order of its alphabet. Their numbers are the same in every language. */
export function wordsIn(locale: string): readonly { readonly number: number; readonly word: string }[] {
  const say = textsOf(locale);
  return Array.from({ length: WORDS }, (_, index) => ({ number: index + 1, word: say(keyOf(index + 1)) })).toSorted(
    (one, other) => one.word.localeCompare(other.word, locale),
  );
}

/** The number that a form holds; nothing for whatever names no word of the list. */
export function readWord(typed: string | undefined): number | undefined {
  return Array.from({ length: WORDS }, (_, index) => index + 1).find((number) => String(number) === typed);
}

/** What a number means in a language; nothing for one that is not in the list. */
export function wordIn(locale: string, number: number | undefined): string | undefined {
  return number === undefined || readWord(String(number)) === undefined ? undefined : textsOf(locale)(keyOf(number));
}
