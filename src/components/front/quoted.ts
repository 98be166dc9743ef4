/**
 * A string as one nginx parameter.
 * @throws Error for what nginx cannot hold literally: `$` would be a variable, and there is no escape for it.
 */
export function quoted(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what must not get in
  if (/[$\u0000-\u001f\u007f]/.test(text)) throw new Error("A value for nginx may not hold $ or control characters.");
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
