import type { Settings } from "../merge.ts";

/**
 * `var name = {…};` for a script that the page inlines: no string can end the script element, begin a comment
 * or a server-side include, because `<`, `>` and `&` are written as escapes.
 */
export function assignment(name: string, settings: Settings): string {
  const json = JSON.stringify(settings, null, 2).replaceAll(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `var ${name} = ${json};\n`;
}
