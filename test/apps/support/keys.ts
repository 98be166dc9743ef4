import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../bed/run.ts";
import { pythonWithSynapse } from "./messaging-programs.ts";

/** Keys of a homeserver.yaml that a release of Synapse (absent: the one that we ship) never asks for, one a line. */
export async function unreadKeys(text: string, version?: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "keys-"));
  try {
    const local = text
      .replaceAll(/^(\w+_path|log_config): .*\n/gm, "")
      // Any file will do.
      .replaceAll(/(client_secret_path): .*/g, `$1: ${join(folder, "homeserver.yaml")}`)
      .concat("macaroon_secret_key: a\nform_secret: b\nsigning_key: ed25519 a_a ")
      .concat(randomBytes(32).toString("base64").replace(/=+$/, ""));
    await writeFile(join(folder, "homeserver.yaml"), local);
    return await run(
      await pythonWithSynapse(version),
      [join(import.meta.dirname, "unread_keys.py"), join(folder, "homeserver.yaml")],
      // Where it makes a folder for media, because no place for one is left in the file.
      { cwd: folder, env: { PYTHONPATH: join(import.meta.dirname, "../../../src/components/matrix/assets") } },
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}
