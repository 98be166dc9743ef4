import type { Site } from "../pages/views.ts";
import { mediaOrigins } from "./hosts.ts";
import { UBLOCK_CHROME, UBLOCK_EDGE } from "./ublock.ts";

/** What Chrome and Edge call by the same name. */
function common(site: Pick<Site, "hosts">): Readonly<Record<string, unknown>> {
  return {
    // Off for everybody, on for these: other pages cannot even ask.
    AudioCaptureAllowed: false,
    AudioCaptureAllowedUrls: mediaOrigins(site),
    VideoCaptureAllowed: false,
    VideoCaptureAllowedUrls: mediaOrigins(site),
    ScreenCaptureAllowed: false,
    ScreenCaptureAllowedByOrigins: [`https://${site.hosts.meet}`],
    DefaultGeolocationSetting: 2,
    BlockThirdPartyCookies: true,
    NetworkPredictionOptions: 2,
    SearchSuggestEnabled: false,
    SyncDisabled: true,
  };
}

/**
 * Chrome's policies for the practice's own devices. The tests read them back from a running Chromium, which knows each
 * of the names.
 */
export function chromePolicies(site: Pick<Site, "hosts">): Readonly<Record<string, unknown>> {
  return {
    ...common(site),
    ExtensionInstallForcelist: [`${UBLOCK_CHROME};https://clients2.google.com/service/update2/crx`],
    HttpsOnlyMode: "force_enabled",
    MetricsReportingEnabled: false,
    SpellCheckServiceEnabled: false,
    UrlKeyedAnonymizedDataCollectionEnabled: false,
    WebRtcEventLogCollectionAllowed: false,
    // Of this device's addresses, a call names only the one that it goes out by.
    WebRtcIPHandling: "default_public_interface_only",
    WebRtcTextLogCollectionAllowed: false,
  };
}

/** Edge's: other names for the same, from Microsoft's list of policies. */
export function edgePolicies(site: Pick<Site, "hosts">): Readonly<Record<string, unknown>> {
  return {
    ...common(site),
    DiagnosticData: 0,
    ExtensionInstallForcelist: [`${UBLOCK_EDGE};https://edge.microsoft.com/extensionwebstorebase/v1/crx`],
    MicrosoftEditorProofingEnabled: false,
    PersonalizationReportingEnabled: false,
    UserFeedbackAllowed: false,
    WebRtcLocalhostIpHandling: "default_public_interface_only",
  };
}
