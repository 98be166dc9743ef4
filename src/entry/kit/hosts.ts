import type { Site } from "../pages/views.ts";

/** The practice's hosts that browsers see, each once. */
export function hostsOf({ hosts }: Pick<Site, "hosts">): readonly string[] {
  return [...new Set([hosts.entry, hosts.meet, hosts.chat, ...(hosts.matrix === undefined ? [] : [hosts.matrix])])];
}

/** Where people speak or are seen: the check, the call, and messages. */
export function mediaOrigins({ hosts }: Pick<Site, "hosts">): readonly string[] {
  return [hosts.entry, hosts.meet, hosts.chat].map((host) => `https://${host}`);
}
