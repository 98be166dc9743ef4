import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { imagesAt } from "./images.ts";

/** The programs of a real Jitsi, each folder laid out as in its image. */
export interface Stack {
  readonly folder: string;
  /** `/usr/share/jitsi-meet` of the web image. */
  readonly web: string;
  /** `/prosody-plugins` of the Prosody image. */
  readonly prosodyPlugins: string;
  /** `/usr/share/jicofo`. */
  readonly jicofo: string;
  /** `/usr/share/jitsi-videobridge`. */
  readonly jvb: string;
  /** Whether the bridge can speak SCTP; one built from source may lack the native library. */
  readonly hasDataChannels: boolean;
}

const NEEDED = {
  web: ["index.html", "libs/app.bundle.min.js", "libs/lib-jitsi-meet.min.js", "libs/lib-jitsi-meet.e2ee-worker.js"],
  "prosody-plugins": ["mod_client_proxy.lua", "mod_muc_meeting_id.lua", "util.lib.lua"],
  jicofo: ["jicofo.jar", "lib"],
  jvb: ["jitsi-videobridge.jar", "lib"],
} as const;

/**
 * The stack at hand: the folder that JITSI_STACK names, or the images of the release where a Docker daemon answers.
 * @throws Error with a sentence for people when there is none, or when something is missing in it.
 */
export async function findStack(): Promise<Stack> {
  const named = process.env.JITSI_STACK;
  return unpackedStack(named ?? (await imagesAt()));
}

function unpackedStack(folder: string): Stack {
  for (const [part, files] of Object.entries(NEEDED)) {
    const missing = files.find((file) => !existsSync(join(folder, part, file)));
    if (missing) {
      throw new Error(
        `The stack in ${folder} has no ${part}/${missing}, so nothing was run. Give JITSI_STACK a folder with web/, ` +
          "prosody-plugins/, jicofo/ and jvb/, each as in its image.",
      );
    }
  }
  const part = (name: keyof typeof NEEDED) => join(folder, name);
  return {
    folder,
    web: part("web"),
    prosodyPlugins: part("prosody-plugins"),
    jicofo: part("jicofo"),
    jvb: part("jvb"),
    hasDataChannels: hasNativeLibrary(join(part("jvb"), "lib")),
  };
}

/** Names stand uncompressed in an archive, so it need not be unpacked. */
function hasNativeLibrary(folder: string): boolean {
  const archives = readdirSync(folder).filter((name) => /dcsctp.*\.jar$/.test(name));
  return archives.some((name) => readFileSync(join(folder, name)).includes("dcsctp4j.so"));
}
