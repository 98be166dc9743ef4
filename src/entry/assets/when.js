const language = document.documentElement.lang;
const format = (seconds, options) => new Intl.DateTimeFormat(language, options).format(seconds * 1000);

/** `14:30` on this device's clock. */
export function timeOf(seconds) {
  return format(seconds, { timeStyle: "short" });
}

/** Fills a sentence with `$day`, `$from` and `$to`, as this device's clock has them. */
export function sentenceOf(pattern, { starts, ends }) {
  return pattern
    .replace("$day", () => format(starts, { dateStyle: "full" }))
    .replace("$from", () => timeOf(starts))
    .replace("$to", () => timeOf(ends));
}

/** The name of this device's zone at that time. */
export function zoneOf(seconds) {
  const parts = new Intl.DateTimeFormat(language, { timeZoneName: "short" }).formatToParts(seconds * 1000);
  return parts.find(({ type }) => type === "timeZoneName").value;
}
