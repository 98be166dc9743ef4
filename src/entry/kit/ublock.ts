import type { Site } from "../pages/views.ts";
import { hostsOf } from "./hosts.ts";

/** uBlock Origin's id among Firefox' add-ons. */
export const UBLOCK_FIREFOX = "uBlock0@raymondhill.net";
/** uBlock Origin Lite's id in Chrome's and in Edge's store: the full one no longer runs there. */
export const UBLOCK_CHROME = "ddkjiahejlhfcafbddmgiahcphecmpfh";
export const UBLOCK_EDGE = "cimighlppcgcoapaliogpjjdehbnofhn";

/**
 * Filters for uBlock Origin: on the practice's pages nothing loads from anywhere but the practice. The pages' own
 * content policies say the same; this holds where an extension or a proxy has changed them.
 */
export function ublockFilters(site: Pick<Site, "hosts">): readonly string[] {
  const hosts = hostsOf(site);
  return [`*$all,domain=${hosts.join("|")},to=${hosts.map((host) => `~${host}`).join("|")}`];
}
