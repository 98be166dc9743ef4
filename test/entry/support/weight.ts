/**
 * What a page weighs with everything that it loads: style, picture, scripts, and what those import. Bytes, not compressed.
 * @param read the text at a path of the page's host.
 */
export async function weightOf(html: string, read: (path: string) => Promise<string>): Promise<number> {
  const texts = new Map<string, string>();
  const load = async (paths: readonly string[]): Promise<void> => {
    for (const path of paths.filter((one) => !texts.has(one))) {
      const text = await read(path);
      texts.set(path, text);
      const imported = path.endsWith(".js") ? [...text.matchAll(/from "\.\/([^"]+)"/g)] : [];
      await load(imported.map(([, file = ""]) => path.replace(/[^/]+$/, file)));
    }
  };
  await load([...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path = ""]) => path));
  return [html, ...texts.values()].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
}
