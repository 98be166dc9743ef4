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
    const file = join(folder, "homeserver.yaml");
    // Any file will do.
    const settings = JSON.parse(text, (key, value) => (key === "client_secret_path" ? file : value)) as object;
    const elsewhere = Object.entries(settings).filter(([key]) => !/^(?:\w+_path|log_config)$/.test(key));
    const signingKey = `ed25519 a_a ${randomBytes(32).toString("base64").replace(/=+$/, "")}`;
    const own = { macaroon_secret_key: "a", form_secret: "b", signing_key: signingKey };
    await writeFile(file, JSON.stringify({ ...Object.fromEntries(elsewhere), ...own }));
    return await run(
      await pythonWithSynapse(version),
      [join(import.meta.dirname, "unread_keys.py"), file],
      // Where it makes a folder for media, because no place for one is left in the file.
      { cwd: folder, env: { PYTHONPATH: join(import.meta.dirname, "../../../src/components/matrix/assets") } },
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}
