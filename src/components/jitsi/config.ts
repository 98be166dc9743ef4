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
    enableLayerSuspension: true,
    disableAudioLevels: true,
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
    disabledSounds: ["E2EE_OFF_SOUND", "E2EE_ON_SOUND"],
    enableIceRestart: false,
    inviteAppName: "",
    hideConferenceSubject: true,
    disableModeratorIndicator: false,
    startAudioOnly: false,
  };
}

function enforced(practice: Practice): Settings {
  return { ...addresses(practice), ...encryption(), ...noRecording(), ...noThirdParty(practice), ...noSideChannel() };
}

function addresses(practice: Practice): Settings {
  const { domain, muc } = xmppDomains(practice);
  return {
    hosts: { domain, muc },
    bosh: `https://${domain}/http-bind`,
    websocket: `wss://${domain}/xmpp-websocket`,
    bridgeChannel: { preferSctp: true },
    flags: { sourceNameSignaling: true, sendMultipleVideoStreams: true, receiveMultipleVideoStreams: true },
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

function noRecording(): Settings {
  return {
    recordingService: { enabled: false, sharingEnabled: false, hideStorageWarning: true },
    fileRecordingsEnabled: false,
    fileRecordingsServiceEnabled: false,
    fileRecordingsServiceSharingEnabled: false,
    liveStreamingEnabled: false,
    liveStreaming: { enabled: false },
    localRecording: { disable: true, disableSelfRecording: true, notifyAllParticipants: true },
    transcribingEnabled: false,
    transcription: { enabled: false, disableClosedCaptions: true, autoTranscribeOnRecord: false },
    audioTranslation: { enabled: false },
    recordings: { recordAudioAndVideo: false, suggestRecording: false, showPrejoinWarning: false },
    recordingLimit: {},
    iAmRecorder: false,
    iAmSipGateway: false,
  };
}

/** Nobody but the practice is contacted, and nothing about the call is kept or sent on. */
function noThirdParty(practice: Practice): Settings {
  const entry = `https://${practice.hosts.entry}/`;
  return {
    // An empty list: left out, the client asks a foreign STUN server.
    p2p: { enabled: false, stunServers: [] },
    disableThirdPartyRequests: true,
    analytics: { disabled: true, rtcstatsEnabled: false, watchRTCEnabled: false, obfuscateRoomName: true },
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
    },
    e2eping: { enabled: false },
    gravatar: { disabled: true },
    giphy: { enabled: false },
    doNotStoreRoom: true,
    disableInviteFunctions: true,
    enableCalendarIntegration: false,
    dropbox: {},
    hideEmailInSettings: true,
    disableDeepLinking: true,
    deeplinking: { disabled: true },
    welcomePage: { disabled: true },
    enableClosePage: false,
    legalUrls: {
      privacy: practice.legal.privacyUrl ?? entry,
      terms: practice.legal.imprintUrl ?? entry,
      helpCentre: entry,
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
    hideAddRoomButton: true,
    breakoutRooms: { hideAddRoomButton: true, hideAutoAssignButton: true, hideJoinRoomButton: true },
    disableRemoteControl: true,
    sharedVideoAllowedURLDomains: [],
    visitors: { enableMediaOnPromote: { audio: false, video: false } },
  };
}
