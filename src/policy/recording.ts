import { meetingPages } from "./e2ee.ts";
import { readProsody, strings } from "./lua.ts";
import { containersOf, podTemplates } from "./pods.ts";
import { type Check, violation } from "./policy.ts";
import { running } from "./programs.ts";
import { keysOf, readAssignment, readHocon, unmet } from "./settings.ts";

export const imagesOfTheRelease: Check = {
  name: "images-of-the-release",
  promise: "recording",
  because:
    "A recorder can have any name, so a list of forbidden images proves nothing. Only the practice's own images run, " +
    "and no recorder, transcriber, gateway or exporter is among them.",
  violations: ({ objects, practice }) => {
    const images = new Set(Object.values(practice.images));
    return podTemplates(objects).flatMap(({ workload, spec }) =>
      containersOf(spec)
        .filter(({ image }) => image === undefined || !images.has(image))
        .map(({ name }) => violation(workload, `Container ${name} runs an image that is not one of the practice's.`)),
    );
  },
};

/** Sections of jicofo and of the bridge that send media or calls to another program, or write media down. */
const RECORDER_KEYS =
  /^(jibri|jibri-sip|jigasi|transcription|translation|url-template|exporter|pcap|recording|recorder)$/i;

export const noRecorderConfigured: Check = {
  name: "no-recorder-configured",
  promise: "recording",
  because:
    "jicofo asks for a recorder, gateway or transcriber only where its configuration names a room or an address for " +
    "one, and the bridge exports sound only to an address from there.",
  violations: ({ objects, practice }) =>
    [...running(objects, "jicofo"), ...running(objects, "jvb")].flatMap(({ program, pod, configuration }) => {
      const bridges = `jvbbrewery@internal-muc.${practice.hosts.meet}`;
      return keysOf(configuration(readHocon))
        .filter(({ key, value }) => RECORDER_KEYS.test(key) || (key === "brewery-jid" && value !== bridges))
        .map(({ path }) => violation(pod.workload, `${program}.conf has ${path}, which a practice never has.`));
    }),
};

const RECORDER_NAMES = /jibri|jigasi|recorder|recording|transcri|rayo|\bhidden\b/i;

export const noRecorderAccount: Check = {
  name: "no-recorder-account",
  promise: "recording",
  because: "A recorder or a gateway needs an account or a component in Prosody. Modules that filter them are welcome.",
  violations: ({ objects }) =>
    running(objects, "prosody").flatMap(({ pod, configuration }) =>
      (configuration(readProsody) ?? [])
        .flatMap(({ name, module, options }) => [name, module, ...strings(options["modules_enabled"])])
        .filter((name) => RECORDER_NAMES.test(name) && !name.startsWith("filter_"))
        .map((name) => violation(pod.workload, `Prosody has ${name}, which a practice never has.`)),
    ),
};

const FORBIDDEN_BUTTONS = ["recording", "livestreaming", "closedcaptions", "sharedvideo", "shareaudio", "etherpad"];

export const noRecordingInBrowser: Check = {
  name: "no-recording-in-browser",
  promise: "recording",
  because: "The meeting page can record on its own, into a file or a cloud, and can ask others to; all of that is off.",
  violations: (input) =>
    meetingPages(input).flatMap(({ nginx, file }) => {
      const config = readAssignment(file("/config.js"), "config") as { toolbarButtons?: unknown } | undefined;
      const paths = unmet(config, {
        localRecording: { disable: true, disableSelfRecording: true },
        recordingService: { enabled: false, sharingEnabled: false },
        liveStreaming: { enabled: false },
        screenshotCapture: { enabled: false },
        transcription: { enabled: false, disableClosedCaptions: true, autoTranscribeOnRecord: false },
        audioTranslation: { enabled: false },
        // Former names of settings above: where they are present they win.
        liveStreamingEnabled: undefined,
        transcribingEnabled: undefined,
        autoCaptionOnRecord: undefined,
        dropbox: undefined,
        recordingSharingUrl: undefined,
        hiddenDomain: undefined,
        iAmRecorder: false,
        iAmSipGateway: false,
      });
      // Left out, the page shows every button that it has.
      const buttons = Array.isArray(config?.toolbarButtons) ? (config.toolbarButtons as unknown[]) : FORBIDDEN_BUTTONS;
      if (FORBIDDEN_BUTTONS.some((button) => buttons.includes(button))) paths.push("toolbarButtons");
      return paths.map((path) => violation(nginx.pod.workload, `config.js does not keep recording off: ${path}.`));
    }),
};
