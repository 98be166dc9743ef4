import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { GenericContainer } from "testcontainers";
import { DEFAULT_IMAGES, type Images } from "../../../src/versions.ts";
import { cacheEntry, kept } from "../../bed/cache.ts";

// Never run by us: no machine of ours had a Docker daemon. What it makes is what JITSI_STACK names elsewhere.

const FOLDERS: Readonly<Record<string, readonly [image: keyof Images, path: string]>> = {
  web: ["jitsiWeb", "/usr/share/jitsi-meet"],
  "prosody-plugins": ["prosody", "/prosody-plugins"],
  jicofo: ["jicofo", "/usr/share/jicofo"],
  jvb: ["jvb", "/usr/share/jitsi-videobridge"],
};

/** The programs in the images of the release, copied into a folder that is kept. */
export async function imagesAt(): Promise<string> {
  try {
    return await kept(cacheEntry("jitsi-images", Object.values(DEFAULT_IMAGES)), async (into) => {
      for (const [part, [image, path]] of Object.entries(FOLDERS)) {
        await copyOut(DEFAULT_IMAGES[image], path, join(into, part));
      }
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `THE FULL STACK DID NOT RUN: there is neither a folder named by JITSI_STACK nor a way to the images (${reason}). ` +
        "Start the Docker daemon, or give JITSI_STACK a folder with web/, prosody-plugins/, jicofo/ and jvb/.",
      { cause: error },
    );
  }
}

async function copyOut(image: string, path: string, into: string): Promise<void> {
  await mkdir(into, { recursive: true });
  const container = await new GenericContainer(image).withEntrypoint(["sleep"]).withCommand(["600"]).start();
  try {
    const unpack = spawn("tar", ["-x", "--strip-components=1", "-C", into], { stdio: ["pipe", "inherit", "inherit"] });
    const ended = once(unpack, "exit");
    await pipeline(await container.copyArchiveFromContainer(path), unpack.stdin);
    const [code] = await ended;
    if (code !== 0) throw new Error(`${path} of ${image} could not be unpacked.`);
  } finally {
    await container.stop();
  }
}
