import { appVersionState } from "../practice/app-versions.ts";
import { remember } from "../remember.ts";
import { type Check, type PolicyInput, violation, type Violation } from "./policy.ts";
import { aliasOf, readNginx, serversOf } from "./nginx.ts";
import { type Running, running } from "./programs.ts";
import { isObject, readAssignment, readJson, unmet } from "./settings.ts";

/** A server that answers for the meeting host, with a file of it as the browser gets it. */
export interface MeetingPage {
  readonly nginx: Running;
  readonly file: (path: string) => string | undefined;
  readonly insertsHead: boolean;
}

export const meetingPages = remember(({ objects, practice }: PolicyInput): readonly MeetingPage[] =>
  running(objects, "nginx").flatMap((nginx) =>
    serversOf(nginx.configuration(readNginx) ?? [], practice.hosts.meet).map((server) => ({
      nginx,
      file: (path: string) => nginx.read(aliasOf(server, path)),
      insertsHead: server.block.some(({ name, args }) => name === "ssi" && args[0] === "on"),
    })),
  ),
);

export const guardBeforeApp: Check = {
  name: "guard-before-app",
  promise: "e2ee",
  because:
    "The stock client joins first and encrypts later, if anybody asks. Only a script that runs before the app can " +
    "keep an unencrypted call from beginning, so it is inlined where the page begins, byte for byte as released.",
  violations: (input) =>
    meetingPages(input).flatMap(({ nginx, file, insertsHead }) => {
      const { guard } = input.assets;
      const head = file("/head.html") ?? "";
      const end = head.indexOf(`<script>\n${guard}</script>`);
      const before = head.slice(0, Math.max(0, end));
      if (!insertsHead || end === -1 || /<script|javascript:/i.test(before)) {
        return [violation(nginx.pod.workload, "The meeting page does not begin with the guard that we ship.")];
      }
      return wrongSettings(before, input.practice, nginx.container.image).map((name) =>
        violation(nginx.pod.workload, `The meeting page does not tell the guard the practice's own ${name}.`),
      );
    }),
};

/** The first of two equal names is the one that the guard reads. */
function wrongSettings(before: string, { video, locale, hosts }: PolicyInput["practice"], image = ""): string[] {
  const read = [...before.matchAll(/<meta name="practice-([a-z]+)" content="([^"<>]*)">/g)].toReversed();
  const settings = new Map(read.map(([, name = "", content = ""]) => [name, content]));
  const wanted = {
    verification: video.verification,
    app: appVersionState(image),
    locale,
    entry: `https://${hosts.entry}`,
  };
  return Object.entries(wanted).flatMap(([name, content]) => (settings.get(name) === content ? [] : [name]));
}

export const configurationForcesEncryption: Check = {
  name: "configuration-forces-encryption",
  promise: "e2ee",
  because:
    "With keys from outside (externallyManagedKey) the client says encrypted and sends plain frames, and a disabled " +
    "feature lets the guard find nothing to switch on.",
  violations: (input) =>
    meetingPages(input).flatMap(({ nginx, file }) =>
      unmet(readAssignment(file("/config.js"), "config"), {
        e2ee: { disabled: false, externallyManagedKey: false },
        testing: { disableE2EE: false },
        enableEncodedTransformSupport: true,
      }).map((path) => violation(nginx.pod.workload, `config.js does not set ${path} to what encryption needs.`)),
    ),
};

export const noSideChannel: Check = {
  name: "no-side-channel",
  promise: "e2ee",
  because:
    "The encryption of a call covers sound and pictures. Chat, polls, files, whiteboard and shared documents of the " +
    "same page can be read on the server.",
  violations: (input) =>
    meetingPages(input).flatMap(({ nginx, file }) =>
      unmet(readAssignment(file("/config.js"), "config"), {
        disableChat: true,
        disablePolls: true,
        disableReactions: true,
        fileSharing: { enabled: false },
        whiteboard: { enabled: false },
        lobby: { enableChat: false },
        etherpad_base: undefined,
        sharedVideoAllowedURLDomains: [],
        disableRemoteControl: true,
      }).map((path) => violation(nginx.pod.workload, `config.js opens a way beside the encryption: ${path}.`)),
    ),
};

const POLICY_MODULE = "practice_policy";

export const messagePolicyLoaded: Check = {
  name: "message-policy-loaded",
  promise: "e2ee",
  because:
    "A homeserver accepts cleartext in an encrypted room from any client. The module that we ship refuses it; " +
    "it must be mounted as released, found by Python before any other of its name, and configured.",
  violations: ({ objects, assets }) =>
    running(objects, "synapse").flatMap((synapse) => {
      const { workload } = synapse.pod;
      const folder = synapse.container.env?.find(({ name }) => name === "PYTHONPATH")?.value;
      const mounted = synapse.read(`${folder}/${POLICY_MODULE}.py`) === assets.practicePolicy;
      const found: Violation[] = [];
      if (!mounted) found.push(violation(workload, "The message policy is not mounted as we ship it."));
      if (!loadsPolicy(synapse.configuration(readJson))) {
        found.push(violation(workload, "homeserver.yaml does not load the message policy."));
      }
      return found;
    }),
};

function loadsPolicy(homeserver: unknown): boolean {
  const modules = isObject(homeserver) ? homeserver["modules"] : undefined;
  return (
    Array.isArray(modules) &&
    modules.some((item) => isObject(item) && item["module"] === `${POLICY_MODULE}.PracticePolicy`)
  );
}

export const roomsEncryptedByDefault: Check = {
  name: "rooms-encrypted-by-default",
  promise: "e2ee",
  because: "A room that begins unencrypted keeps its first messages readable on the server for ever.",
  violations: ({ objects }) =>
    running(objects, "synapse").flatMap((synapse) =>
      unmet(synapse.configuration(readJson), { encryption_enabled_by_default_for_room_type: "all" }).map((path) =>
        violation(synapse.pod.workload, `homeserver.yaml does not set ${path} to "all".`),
      ),
    ),
};
