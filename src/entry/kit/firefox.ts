import type { Site } from "../pages/views.ts";
import { mediaOrigins } from "./hosts.ts";
import { UBLOCK_FIREFOX, ublockFilters } from "./ublock.ts";

/**
 * `policies.json` for Firefox on the practice's own devices. Names and values are those of Firefox' own
 * policies-schema.json (ESR 153); the tests read them back from the running browser. WebRTC stays on: without it there
 * are no calls.
 */
export function firefoxPolicies(site: Pick<Site, "hosts">): object {
  const own = { Allow: mediaOrigins(site), BlockNewRequests: true, Locked: true };
  return {
    policies: {
      DisableTelemetry: true,
      DisableFirefoxStudies: true,
      EnableTrackingProtection: { Value: true, Locked: true, Category: "strict" },
      HttpsOnlyMode: "force_enabled",
      NetworkPrediction: false,
      SearchSuggestEnabled: false,
      Permissions: {
        Camera: own,
        Microphone: own,
        Location: { BlockNewRequests: true, Locked: true },
      },
      Preferences: {
        // Of this device's addresses, a call names only the one that it goes out by.
        "media.peerconnection.ice.default_address_only": { Value: true, Status: "locked" },
      },
      ExtensionSettings: {
        [UBLOCK_FIREFOX]: {
          installation_mode: "force_installed",
          install_url: `https://addons.mozilla.org/firefox/downloads/latest/${UBLOCK_FIREFOX}/latest.xpi`,
        },
      },
      "3rdparty": { Extensions: { [UBLOCK_FIREFOX]: { toOverwrite: { filters: ublockFilters(site) } } } },
    },
  };
}
