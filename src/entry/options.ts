/** What the entry page is told by its Deployment. */
export interface EntryOptions {
  readonly port: number;
  /** Address to listen on; every address when absent. */
  readonly host?: string;
  readonly locale: "de" | "en";
  readonly imprintUrl?: string;
  readonly privacyUrl?: string;
}

/** Reads the options of the entry page: the only reader of its environment. */
export function entryOptions(environment: Readonly<Record<string, string | undefined>>): EntryOptions {
  const { ENTRY_PORT, ENTRY_LOCALE, ENTRY_IMPRINT_URL, ENTRY_PRIVACY_URL } = environment;
  return {
    port: Number(ENTRY_PORT ?? 8080),
    locale: ENTRY_LOCALE === "en" ? "en" : "de",
    ...(ENTRY_IMPRINT_URL && { imprintUrl: ENTRY_IMPRINT_URL }),
    ...(ENTRY_PRIVACY_URL && { privacyUrl: ENTRY_PRIVACY_URL }),
  };
}
