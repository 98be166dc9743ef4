const VOID_OF_TEXT =
  /<(head|script|style|code|time|select|textarea)\b[^>]*>[^]*?<\/\1>|<(?:div class="consent")[^>]*>[^]*?<\/div>/g;
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };

/**
 * What a page says, one entry for each block, those that a script shows later too. Left out: times, hashes, form values
 * and the practice's own consent text.
 */
export function visibleBlocks(page: string): readonly string[] {
  return page
    .replaceAll(VOID_OF_TEXT, "\n")
    .replaceAll(/<\/?(?:a|abbr|em|svg|circle)\b[^>]*>/g, "")
    .split(/<[^>]*>/)
    .map((text) =>
      text
        .replaceAll(/&([a-z]+|#39);/g, (all, name: string) => ENTITIES[name] ?? all)
        .replaceAll(/\s+/g, " ")
        .trim(),
    )
    .filter((text) => /\p{L}/u.test(text));
}
