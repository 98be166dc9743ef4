import type { Assets } from "../../assets.ts";

/**
 * `head.html`, which the meeting page includes before anything else: the guard, byte for byte and inline,
 * so that the app cannot run without it.
 */
export function headHtml(assets: Pick<Assets, "guard">): string {
  return `<meta name="referrer" content="no-referrer">\n<script>\n${assets.guard}</script>\n`;
}
