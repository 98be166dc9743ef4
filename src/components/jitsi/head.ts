import type { Assets } from "../../assets.ts";
import type { Practice } from "../../practice/practice.ts";
import { appVersionState } from "../../practice/app-versions.ts";

type About = Pick<Practice, "locale" | "video" | "hosts" | "images">;

/**
 * `head.html`, which the meeting page includes before anything else: the guard's settings, then the guard, byte for
 * byte and inline, so that the app cannot run without it.
 */
export function headHtml({ locale, video, hosts, images }: About, assets: Pick<Assets, "guard">): string {
  const settings = {
    referrer: "no-referrer",
    "practice-locale": locale,
    "practice-verification": video.verification,
    "practice-entry": `https://${hosts.entry}`,
    "practice-chat": `https://${hosts.chat}`,
    "practice-app": appVersionState(images.jitsiWeb),
  };
  const metas = Object.entries(settings).map(([name, content]) => `<meta name="${name}" content="${content}">\n`);
  return `${metas.join("")}<script>\n${assets.guard}</script>\n`;
}
