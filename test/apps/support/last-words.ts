import { randomBytes } from "node:crypto";
import { chown, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IJob } from "kubernetes-models/batch/v1";
import type { Params } from "../../../src/components/component.ts";
import { postgres } from "../../../src/components/matrix/postgres.ts";
import { synapse } from "../../../src/components/matrix/synapse.ts";
import { troublesOf } from "../../../src/controller/troubles.ts";
import { render } from "../../../src/render/render.ts";
import { processGroup } from "../../bed/processes.ts";
import { run } from "../../bed/run.ts";
import { waitFor } from "../../bed/wait.ts";
import { NOBODY, postgresql, pythonWithSynapse, unprivileged } from "./messaging-programs.ts";
import { relocated } from "./relocate.ts";

/** How a program ended, and what the kubelet would then find. */
export interface Ending {
  readonly exitCode: number | null;
  /** What it left where its container's termination message is read. */
  readonly told: string;
  readonly printed: string;
}

/** The longest message that the kubelet takes from the file, and from a log. */
const [LONGEST_TOLD, LONGEST_TAIL] = [4096, 2048];

/** What the operator makes of it, of a program that has failed three times; `tail` where its container falls back to the log. */
export function understood({ exitCode, told, printed }: Ending, from: "told" | "tail" = "told") {
  const message = told ? told.slice(-LONGEST_TOLD) : from === "tail" ? printed.slice(-LONGEST_TAIL) : "";
  const terminated = { exitCode: exitCode ?? 1, reason: "Error", message };
  const failed = { name: "program", restartCount: 2, lastState: { terminated } };
  return troublesOf({ containerStatuses: [failed] }, false)[0];
}

/** The command line with which a trial checks a container's configuration. */
export function checkOf(params: Params, container: string): readonly string[] {
  const found = render(params).trials.flatMap((job) => (job as unknown as IJob).spec?.template.spec?.containers ?? []);
  const command = found.find(({ name }) => name === container)?.command;
  if (!command) throw new Error(`Nothing tries ${container}.`);
  return command;
}

interface Start {
  readonly database: { readonly port: number; readonly password: string };
  /** Changes to the rendered file: another database, another host. */
  readonly edit?: (yaml: string) => string;
  /** Takes a defence out of the logging; only the tests can. */
  readonly editLog?: (yaml: string) => string;
  /** `check`: as a trial runs it. Absent: as its container does. */
  readonly as?: "check";
}

/** Runs Synapse on the rendered files until it ends. */
export async function synapseEnds(
  params: Params,
  { database, edit = (yaml) => yaml, editLog = (yaml) => yaml, as }: Start,
): Promise<Ending> {
  const python = await pythonWithSynapse();
  const folder = await mkdtemp(join(tmpdir(), "last-words-"));
  const place = (name: string) => join(folder, name);
  const file = filesOf(synapse.build(params));
  const yaml = relocated(file("homeserver.yaml"), {
    "/etc/synapse": place("etc"),
    "/run/secrets/synapse": place("secrets"),
    "/data/media": place("media"),
    [`"host": "${params.practice.names.postgres}"`]: '"host": "127.0.0.1"',
    '"port": 5432': `"port": ${database.port}`,
  });
  const key = randomBytes(32).toString("base64").replace(/=+$/, "");
  await write(folder, {
    "etc/homeserver.yaml": edit(yaml),
    "etc/log.yaml": editLog(relocated(file("log.yaml"), { "/dev/termination-log": place("termination-log") })),
    "modules/practice_policy.py": file("practice_policy.py"),
    "secrets/signing.key": `ed25519 a_test ${key}\n`,
    "secrets/macaroon-secret": "secret",
    "secrets/form-secret": "secret",
  });
  const started = ["python3", "-m", "synapse.app.homeserver", "-c", "/etc/synapse/homeserver.yaml"];
  const command = as === "check" ? checkOf(params, "synapse") : started;
  const line = relocated(command.join("\n"), { python3: python, "/etc/synapse": place("etc") }).split("\n");
  return ending(folder, "env", [`PYTHONPATH=${place("modules")}`, `PGPASSWORD=${database.password}`, ...line]);
}

interface Volume {
  /** What has already happened when the volume is full. */
  readonly fullAfter: "nothing" | "make-database";
}

/**
 * Runs the database as its containers do, on a volume that is full. The volume is a file system in memory, in a mount
 * namespace that ends with the program.
 */
export async function postgresEnds(params: Params, { fullAfter }: Volume): Promise<Ending> {
  const { folder, data, settings, script, server } = await placedDatabase(params);
  const size = fullAfter === "nothing" ? "8m" : "96m";
  const own = (line: readonly string[]) => quoted(unprivileged("env", [...settings, ...line]).flat());
  const steps =
    fullAfter === "nothing"
      ? [own(["sh", script])]
      : [own(["sh", script]), `(cat /dev/zero > '${data}/fill' || true) 2>/dev/null`, own(server)];
  const mounted = `mount -t tmpfs -o size=${size} tmpfs '${data}' && chown ${NOBODY.uid}:${NOBODY.gid} '${data}'`;
  const root = process.getuid?.() === 0;
  const alone = root ? ["--mount"] : ["--user", "--map-root-user", "--mount"];
  return ending(folder, "unshare", [
    ...alone,
    "sh",
    "-c",
    [root ? mounted : mounted.split(" && ")[0], ...steps].join(" && "),
  ]);
}

/** Runs PostgreSQL's part of a trial. */
export async function postgresCheckEnds(params: Params, edit = (conf: string) => conf): Promise<Ending> {
  const { folder, data, settings, conf } = await placedDatabase(params, edit);
  const line = relocated(checkOf(params, "postgres").join("\n"), {
    "/var/lib/postgresql/data": data,
    "/etc/postgresql/postgresql.conf": conf,
  });
  return ending(folder, ...unprivileged("env", [...settings, ...line.split("\n")]));
}

async function placedDatabase(params: Params, edit = (conf: string) => conf) {
  const program = await postgresql();
  const file = filesOf(postgres.build(params));
  const folder = await mkdtemp(join(tmpdir(), "last-words-"));
  const [etc, secrets, data] = ["etc", "secrets", "data"].map((name) => join(folder, name)) as [string, string, string];
  await write(folder, {
    "etc/postgresql.conf": edit(
      relocated(file("postgresql.conf"), { "/etc/postgresql": etc, "/run/postgresql": data }),
    ),
    "etc/pg_hba.conf": file("pg_hba.conf"),
    "etc/pruner.sql": file("pruner.sql"),
    "etc/entry.sql": file("entry.sql"),
    "etc/make-database.sh": relocated(file("make-database.sh"), {
      "/var/lib/postgresql/data": data,
      "/run/secrets/postgresql": secrets,
      "/etc/postgresql": etc,
    }),
    "secrets/password": "a",
    "secrets/pruner-password": "b",
    "secrets/entry-password": "b",
  });
  await mkdir(data);
  await run("chmod", ["-R", "a+rX", folder]);
  if (process.getuid?.() === 0) await chown(data, NOBODY.uid, NOBODY.gid);
  const environment = { ...program.env, PATH: `${program.bin}:${process.env.PATH}` };
  const conf = join(etc, "postgresql.conf");
  return {
    folder,
    data,
    conf,
    settings: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    script: join(etc, "make-database.sh"),
    server: ["postgres", "-D", join(data, "pgdata"), "-c", `config_file=${conf}`],
  };
}

async function ending(folder: string, command: string, line: readonly string[]): Promise<Ending> {
  const group = processGroup(folder);
  try {
    const program = group.start("program", command, line);
    await waitFor(() => program.ended() !== undefined, { timeout: 90_000, what: "the program to end" });
    const told = await readFile(join(folder, "termination-log"), "utf8").catch(() => "");
    const printed = await readFile(join(folder, "log", "program.log"), "utf8");
    return { exitCode: program.exitCode(), told, printed };
  } finally {
    await group.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function filesOf(objects: ReturnType<typeof synapse.build>): (name: string) => string {
  const maps = objects.filter(({ kind }) => kind === "ConfigMap");
  const files = new Map(maps.flatMap((map) => Object.entries(map["data"] as Record<string, string>)));
  return (name) => {
    const text = files.get(name);
    if (text === undefined) throw new Error(`${name} is not rendered.`);
    return text;
  };
}

async function write(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, ".."), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

const quoted = (line: readonly string[]) => line.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
