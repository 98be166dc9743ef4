import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Params } from "../../../src/components/component.ts";
import { homeserverYaml, synapseLogYaml } from "../../../src/components/matrix/homeserver.ts";
import { loadAssets } from "../../../src/assets.ts";
import { processGroup } from "../../bed/processes.ts";
import { waitFor } from "../../bed/wait.ts";
import { pythonWithSynapse } from "./messaging-programs.ts";
import { relocated } from "./relocate.ts";

/** How a homeserver is started that is to fail. */
interface Failing {
  readonly database: { readonly port: number; readonly password: string };
  /** Changes to the rendered file: another database, another host. */
  readonly edit?: (yaml: string) => string;
  /** Where its data are; a folder of its own when absent. */
  readonly data?: string;
  /** `config`: as a trial runs it. Absent: as its container does. */
  readonly as?: "config";
}

/**
 * Starts Synapse on the rendered files until it gives up.
 * @returns what the kubelet would find: the termination message of its container and all that it printed.
 */
export async function synapseGivesUp(params: Params, { database, edit = (yaml) => yaml, data, as }: Failing) {
  const python = await pythonWithSynapse();
  const folder = await mkdtemp(join(tmpdir(), "giving-up-"));
  const told = join(folder, "termination-log");
  for (const name of ["etc", "modules", "secrets"]) await mkdir(join(folder, name));
  const yaml = relocated(homeserverYaml(params.practice), {
    "/etc/synapse": join(folder, "etc"),
    "/run/secrets/synapse": join(folder, "secrets"),
    "/data/media": join(data ?? folder, "media"),
    [`host: ${params.practice.names.postgres}`]: "host: 127.0.0.1",
    "port: 5432": `port: ${database.port}`,
  });
  await writeFile(join(folder, "etc", "homeserver.yaml"), edit(yaml));
  await writeFile(join(folder, "etc", "log.yaml"), relocated(synapseLogYaml(), { "/dev/termination-log": told }));
  await writeFile(join(folder, "modules", "practice_policy.py"), loadAssets().practicePolicy);
  const key = randomBytes(32).toString("base64").replace(/=+$/, "");
  await writeFile(join(folder, "secrets", "signing.key"), `ed25519 a_test ${key}\n`);
  for (const name of ["macaroon-secret", "form-secret"]) await writeFile(join(folder, "secrets", name), "secret");
  const group = processGroup(folder);
  try {
    const settings = [`PYTHONPATH=${join(folder, "modules")}`, `PGPASSWORD=${database.password}`];
    const module = as === "config" ? "synapse.config" : "synapse.app.homeserver";
    const command = [python, "-m", module, "-c", join(folder, "etc", "homeserver.yaml")];
    const program = group.start("synapse", "env", [...settings, ...command]);
    await waitFor(() => program.ended() !== undefined, { timeout: 90_000, what: "Synapse to give up" });
    const printed = await readFile(join(folder, "log", "synapse.log"), "utf8");
    const message = (await readFile(told, "utf8").catch(() => "")).slice(-4096);
    return { message, printed, exitCode: program.exitCode() };
  } finally {
    await group.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
