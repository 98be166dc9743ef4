import type { EntryOptions } from "./options.ts";
import type { Site } from "./pages/views.ts";
import { chooseLocale, locales } from "./texts/texts.ts";

/** What is the same for every page of a practice, in the language of this visitor. */
export function siteOf(
  options: EntryOptions,
  now: () => number,
  wanted: string | undefined,
  accepted: string | undefined,
): Site {
  return {
    locale: chooseLocale(wanted, accepted, options.locale),
    locales,
    hosts: options.hosts,
    timeZone: options.timeZone,
    now: now(),
    ...(options.imprintUrl && { imprintUrl: options.imprintUrl }),
    ...(options.privacyUrl && { privacyUrl: options.privacyUrl }),
  };
}
