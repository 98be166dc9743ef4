import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { configJs } from "../../../src/components/jitsi/config.ts";
import { headHtml } from "../../../src/components/jitsi/head.ts";
import { interfaceConfigJs } from "../../../src/components/jitsi/interface-config.ts";
import { merged } from "../../../src/components/merge.ts";
import { someParams, somePractice } from "../../support/practice.ts";

interface MeetingConfig {
  readonly [key: string]: unknown;
  readonly toolbarButtons: readonly string[];
  readonly legalUrls: Readonly<Record<string, string>>;
}

/** The configuration as a browser has it after the script ran. */
function evaluated(practice = somePractice()): MeetingConfig {
  const context: { config?: MeetingConfig } = {};
  runInNewContext(configJs(practice), context);
  if (!context.config) throw new Error("The script sets no config.");
  return JSON.parse(JSON.stringify(context.config)) as MeetingConfig;
}

describe("config.js", () => {
  const config = evaluated();

  it("leads to the practice's own signalling", () => {
    expect(config).toMatchObject({
      hosts: { domain: "meet.greenriver.example", muc: "muc.meet.greenriver.example" },
      bosh: "https://meet.greenriver.example/http-bind",
      websocket: "wss://meet.greenriver.example/xmpp-websocket",
      bridgeChannel: { preferSctp: true },
    });
    expect(config.hosts).not.toHaveProperty("anonymousdomain");
  });

  it("leaves encryption on, with keys that the participants exchange", () => {
    expect(config).toMatchObject({
      e2ee: { disabled: false, externallyManagedKey: false },
      testing: { disableE2EE: false },
      enableEncodedTransformSupport: true,
      videoQuality: { codecPreferenceOrder: ["VP8"] },
    });
  });

  it("records nothing, in no way", () => {
    expect(config).toMatchObject({
      recordingService: { enabled: false },
      liveStreaming: { enabled: false },
      localRecording: { disable: true, disableSelfRecording: true },
      screenshotCapture: { enabled: false },
      transcription: { enabled: false, disableClosedCaptions: true, autoTranscribeOnRecord: false },
      audioTranslation: { enabled: false },
      iAmRecorder: false,
      iAmSipGateway: false,
    });
    const vectors = ["hiddenDomain", "dropbox", "recordingSharingUrl", "_screenshotHistoryRegionUrl"];
    const former = [
      "liveStreamingEnabled",
      "transcribingEnabled",
      "autoCaptionOnRecord",
      "fileRecordingsServiceEnabled",
    ];
    for (const key of [...vectors, ...former]) expect(config).not.toHaveProperty(key);
  });

  it("asks no third party and keeps no trace", () => {
    expect(config).toMatchObject({
      p2p: { enabled: false, stunServers: [] },
      disableThirdPartyRequests: true,
      analytics: { disabled: true, rtcstatsEnabled: false },
      gravatar: { disabled: true },
      giphy: { enabled: false },
      doNotStoreRoom: true,
      deeplinking: { disabled: true },
      logging: { disableLogCollector: true },
      statisticsId: "participant",
    });
    const handlers = ["scriptURLs", "amplitudeAPPKey", "matomoEndpoint", "rtcstatsEndpoint"];
    for (const key of handlers) expect(config.analytics).not.toHaveProperty(key);
  });

  it("names no service beside signalling, and no way to invite or to call somebody", () => {
    const services = Object.keys(config).filter((key) =>
      /ur[li]s?$|endpoint|etherpad|appkey|clientid|domain/i.test(key),
    );
    // An empty one is nowhere.
    expect(services.toSorted()).toEqual([
      "defaultLogoUrl",
      "dynamicBrandingUrl",
      "legalUrls",
      "sharedVideoAllowedURLDomains",
    ]);
    expect(config).toMatchObject({ defaultLogoUrl: "", dynamicBrandingUrl: "", sharedVideoAllowedURLDomains: [] });
  });

  it("has no side channel without encryption", () => {
    expect(config).toMatchObject({
      disableChat: true,
      disablePolls: true,
      disableReactions: true,
      fileSharing: { enabled: false },
      whiteboard: { enabled: false },
      lobby: { enableChat: false },
      disableRemoteControl: true,
    });
    const unwanted = ["recording", "livestreaming", "closedcaptions", "etherpad", "whiteboard", "sharedvideo", "chat"];
    expect(config.toolbarButtons.filter((button) => unwanted.includes(button))).toEqual([]);
    expect(config.toolbarButtons).toContain("hangup");
  });

  it("links the practice's own imprint and privacy notice, or the entry page", () => {
    expect(config.legalUrls.privacy).toBe("https://go.greenriver.example/");
    const legal = { privacyUrl: "https://greenriver.example/datenschutz?a=</script>" };
    expect(evaluated(somePractice({ legal })).legalUrls.privacy).toBe(legal.privacyUrl);
  });
});

describe("what the app reads again in a worker", () => {
  it("is the same without page, window and network", () => {
    const worker: { config?: unknown } = Object.create(null) as object;
    runInNewContext(`"use strict"; delete globalThis.console; ${configJs(somePractice())}`, worker);
    expect(JSON.parse(JSON.stringify(worker.config))).toEqual(evaluated());
  });
});

describe("interface_config.js", () => {
  it("shows nobody's brand and remembers no room", () => {
    const context: { interfaceConfig?: Record<string, unknown> } = {};
    runInNewContext(interfaceConfigJs(), context);
    expect(context.interfaceConfig).toMatchObject({
      SHOW_JITSI_WATERMARK: false,
      RECENT_LIST_ENABLED: false,
      MOBILE_APP_PROMO: false,
      SHOW_PROMOTIONAL_CLOSE_PAGE: false,
      ENABLE_DIAL_OUT: false,
      SHARING_FEATURES: [],
    });
  });
});

describe("head.html", () => {
  it("holds the guard byte for byte, in one script that nothing ends early", () => {
    const { practice, assets } = someParams();
    const head = headHtml(practice, assets);
    expect(head).toContain(`<script>\n${assets.guard}</script>`);
    expect(assets.guard).not.toMatch(/<\/script|<!--/i);
    expect(head.match(/<\/script>/g)).toHaveLength(1);
  });
});

describe("merged", () => {
  it("keeps a default beside what is enforced, and never above it", () => {
    expect(merged({ a: { b: { c: 1, d: 2 } } }, { a: { b: { c: 3 } } })).toEqual({ a: { b: { c: 3, d: 2 } } });
    expect(merged({ a: [1], b: { c: 1 }, d: 1 }, { a: { x: 1 }, b: 2, d: { e: 1 } })).toEqual({
      a: { x: 1 },
      b: 2,
      d: { e: 1 },
    });
  });

  it("lets what is enforced win at every depth, and keeps the rest", () => {
    expect(merged({ a: { b: 1, c: 2 }, list: [1, 2], d: 0 }, { a: { b: 3 }, list: [], d: null })).toEqual({
      a: { b: 3, c: 2 },
      list: [],
      d: null,
    });
  });
});
