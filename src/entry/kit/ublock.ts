import type { Site } from "../pages/views.ts";
import { hostsOf } from "./hosts.ts";

/** uBlock Origin's id among Firefox' add-ons. */
export const UBLOCK_FIREFOX = "uBlock0@raymondhill.net";
/** uBlock Origin Lite's id in Chrome's and in Edge's store: the full one no longer runs there. */
export const UBLOCK_CHROME = "ddkjiahejlhfcafbddmgiahcphecmpfh";
export const UBLOCK_EDGE = "cimighlppcgcoapaliogpjjdehbnofhn";

/**
 * Filters for uBlock Origin: on the practice's pages nothing loads from anywhere but the practice. The pages' own
 * content policies say the same; this holds where an extension or a proxy has changed them. (One rule with
 * `to=~…` would be shorter, but uBlock Origin 1.67 lets not every host of such a list through.)
 */
export function ublockFilters(site: Pick<Site, "hosts">): readonly string[] {
  const hosts = hostsOf(site);
  const pages = `domain=${hosts.join("|")}`;
  return [`*$${pages}`, ...hosts.map((host) => `@@||${host}^$${pages}`)];
}
