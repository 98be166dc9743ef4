import type { Practice } from "../../practice/practice.ts";
import { merged, type Settings } from "../merge.ts";
import { assignment } from "./javascript.ts";
import { xmppDomains } from "./xmpp.ts";

/** `config.js` of the meeting page, whole: assignments only, because the app also reads it in a worker. */
export function configJs(practice: Practice): string {
  return assignment("config", merged(defaults(practice), enforced(practice)));
}

/** Comfort; a later release may change it without breaking a promise. */
function defaults(practice: Practice): Settings {
  return {
    defaultLanguage: practice.locale,
    subject: " ",
    resolution: 720,
    startWithAudioMuted: false,
    prejoinConfig: { enabled: true, hideExtraJoinButtons: ["by-phone", "no-audio"] },
    requireDisplayName: false,
    enableNoisyMicDetection: true,
    channelLastN: -1,
    disableAudioLevels: true,
    disabledSounds: ["E2EE_OFF_SOUND", "E2EE_ON_SOUND"],
    hideConferenceSubject: true,
    disableModeratorIndicator: false,
    recordingService: { hideStorageWarning: true },
    recordings: { showPrejoinWarning: false },
  };
}

function enforced(practice: Practice): Settings {
  const parts = [addresses(practice), encryption(), noRecording(), noThirdParty(practice), noSideChannel()];
  return parts.reduce(merged);
}

function addresses(practice: Practice): Settings {
  const { domain, muc } = xmppDomains(practice);
  return {
    hosts: { domain, muc },
    bosh: `https://${domain}/http-bind`,
    websocket: `wss://${domain}/xmpp-websocket`,
    // Left out, the client waits for a websocket of the bridge, which ours has not.
    bridgeChannel: { preferSctp: true },
  };
}

/** Managed keys only: with keys from outside the client says "encrypted" and sends plain frames. */
function encryption(): Settings {
  return {
    e2ee: { disabled: false, externallyManagedKey: false },
    enableEncodedTransformSupport: true,
    testing: { disableE2EE: false },
    videoQuality: { codecPreferenceOrder: ["VP8"], mobileCodecPreferenceOrder: ["VP8"] },
  };
}

/**
 * Former names of a setting (`liveStreamingEnabled`, `transcribingEnabled`, `autoCaptionOnRecord`) win over
 * today's where they are present, so none of them is.
 */
function noRecording(): Settings {
  return {
    recordingService: { enabled: false, sharingEnabled: false },
    liveStreaming: { enabled: false },
    localRecording: { disable: true, disableSelfRecording: true, notifyAllParticipants: true },
    screenshotCapture: { enabled: false },
    transcription: {
      enabled: false,
      disableClosedCaptions: true,
      autoTranscribeOnRecord: false,
      autoCaptionOnTranscribe: false,
      translationEnabled: false,
    },
    audioTranslation: { enabled: false },
    recordings: { recordAudioAndVideo: false, suggestRecording: false, showRecordingLink: false },
    iAmRecorder: false,
    iAmSipGateway: false,
    // Left out, the page shows every button that it has.
    toolbarButtons: [
      "microphone",
      "camera",
      "desktop",
      "participants-pane",
      "raisehand",
      "tileview",
      "toggle-camera",
      "select-background",
      "fullscreen",
      "settings",
      "videoquality",
      "hangup",
    ],
  };
}

/** Nobody but the practice is contacted, and nothing about the call is kept or sent on. */
function noThirdParty(practice: Practice): Settings {
  const entry = `https://${practice.hosts.entry}/`;
  return {
    // An empty list: left out, the client asks a foreign STUN server.
    p2p: { enabled: false, stunServers: [] },
    disableThirdPartyRequests: true,
    analytics: {
      disabled: true,
      rtcstatsEnabled: false,
      rtcstatsStoreLogs: false,
      rtcstatsSendSdp: false,
      watchRTCEnabled: false,
      obfuscateRoomName: true,
    },
    // The collector keeps what the page logs, names and addresses too, to hand it on.
    logging: { disableLogCollector: true },
    enableSaveLogs: false,
    gatherStats: false,
    enableDisplayNameInStats: false,
    enableEmailInStats: false,
    feedbackPercentage: 0,
    // One value for everybody in place of an identifier that the browser would keep.
    statisticsId: "participant",
    speakerStats: { disabled: true },
    faceLandmarks: {
      enableFaceCentering: false,
      enableFaceExpressionsDetection: false,
      enableDisplayFaceExpressions: false,
      enableRTCStats: false,
    },
    e2eping: { enabled: false },
    gravatar: { disabled: true },
    giphy: { enabled: false },
    // Fetches models that do not belong to the page.
    noiseSuppression: { krisp: { enabled: false } },
    prejoinConfig: { preCallTestEnabled: false },
    doNotStoreRoom: true,
    disableInviteFunctions: true,
    inviteAppName: "",
    enableCalendarIntegration: false,
    hideEmailInSettings: true,
    deeplinking: { disabled: true },
    welcomePage: { disabled: true },
    enableClosePage: false,
    legalUrls: {
      privacy: practice.legal.privacyUrl ?? entry,
      terms: practice.legal.imprintUrl ?? entry,
      helpCentre: entry,
      security: entry,
    },
    defaultLogoUrl: "",
    dynamicBrandingUrl: "",
  };
}

/** What the end-to-end encryption of the call does not cover. */
function noSideChannel(): Settings {
  return {
    disableChat: true,
    disablePolls: true,
    disableReactions: true,
    fileSharing: { enabled: false },
    whiteboard: { enabled: false },
    sharedVideoAllowedURLDomains: [],
    lobby: { enableChat: false },
    breakoutRooms: { hideAddRoomButton: true, hideAutoAssignButton: true, hideJoinRoomButton: true },
    disableRemoteControl: true,
    secondScreen: { enabled: false },
    // Who moderates comes from tokens, who waits from the entry page.
    remoteVideoMenu: { disableGrantModerator: true, disableDemote: true, disablePrivateChat: "all" },
    securityUi: { hideLobbyButton: true, disableLobbyPassword: true },
  };
}
