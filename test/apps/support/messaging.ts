import { createHmac, randomBytes } from "node:crypto";
import { chown, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import type { ICronJob } from "kubernetes-models/batch/v1";
import type { Params } from "../../../src/components/component.ts";
import { postgres as database } from "../../../src/components/matrix/postgres.ts";
import { backup } from "../../../src/components/matrix/backup.ts";
import { pruner } from "../../../src/components/matrix/pruner.ts";
import { synapse } from "../../../src/components/matrix/synapse.ts";
import { freePort } from "../../bed/ports.ts";
import { type ProcessGroup, processGroup } from "../../bed/processes.ts";
import { run } from "../../bed/run.ts";
import { waitFor } from "../../bed/wait.ts";
import { NOBODY, postgresql, pythonWithSynapse, unprivileged } from "./messaging-programs.ts";
import { relocated } from "./relocate.ts";
import type { Edit } from "./signalling.ts";

/** A running homeserver with its database, both on the rendered files. */
export type Messaging = Awaited<ReturnType<typeof startMessaging>>;

/** A running database on the rendered files. */
export type DatabaseServer = Awaited<ReturnType<typeof startDatabase>>;

/** Files of all rendered ConfigMaps by name; fails when one is not rendered. */
function filesOf(params: Params) {
  const maps = [synapse, database]
    .flatMap((component) => component.build(params))
    .filter((o) => o.kind === "ConfigMap");
  const files = new Map(maps.flatMap((map) => Object.entries(map["data"] as Record<string, string>)));
  return (name: string) => {
    const text = files.get(name);
    if (text === undefined) throw new Error(`${name} is not rendered.`);
    return text;
  };
}

function pruneCommand(params: Params): string[] {
  const { spec } = pruner.build(params).find(({ kind }) => kind === "CronJob") as unknown as ICronJob;
  return [...(spec?.jobTemplate.spec?.template.spec?.containers?.[0]?.command ?? [])];
}

function dumpCommand(params: Params): string[] {
  const { spec } = backup.build(params).find(({ kind }) => kind === "CronJob") as unknown as ICronJob;
  return [...(spec?.jobTemplate.spec?.template.spec?.initContainers?.[0]?.command ?? [])];
}
const random = () => randomBytes(12).toString("hex");

/** Runs the rendered init script and starts PostgreSQL as its container does. */
export async function startDatabase(
  params: Params,
  edit = (_file: string, text: string) => text,
  fill?: (script: (text: string, copy: string) => Promise<unknown>) => Promise<unknown>,
) {
  const program = await postgresql();
  const file = filesOf(params);
  const folder = await ownFolder("database-");
  const port = await freePort();
  const [password, prunerPassword, entryPassword] = [random(), random(), random()];
  const places = {
    "/var/lib/postgresql/data": join(folder, "data"),
    "/etc/postgresql": join(folder, "etc"),
    "/run/secrets/postgresql": join(folder, "secrets"),
    "/run/postgresql": join(folder, "sockets"),
  };
  const move = (text: string, ...keys: (keyof typeof places)[]) =>
    relocated(text, Object.fromEntries(keys.map((key) => [key, places[key]])));

  const scripts = (text: string) =>
    move(text, "/var/lib/postgresql/data", "/run/secrets/postgresql", "/etc/postgresql");
  await write(join(folder, "etc"), {
    "postgresql.conf": edit(
      "postgresql.conf",
      relocated(move(file("postgresql.conf"), "/etc/postgresql", "/run/postgresql"), {
        "port = 5432": `port = ${port}`,
        "listen_addresses = '*'": "listen_addresses = '127.0.0.1'",
      }),
    ),
    "pg_hba.conf": file("pg_hba.conf"),
    "make-database.sh": edit("make-database.sh", scripts(file("make-database.sh"))),
    "pruner.sql": edit("pruner.sql", file("pruner.sql")),
    "entry.sql": edit("entry.sql", file("entry.sql")),
  });
  await write(join(folder, "secrets"), {
    password,
    "pruner-password": prunerPassword,
    "entry-password": entryPassword,
  });
  for (const name of ["data", "sockets"]) await mkdir(join(folder, name));
  await giveAway(folder, ["data", "sockets", "."]);

  const path = `${program.bin}:${process.env.PATH}`;
  const settings = Object.entries({ ...program.env, PATH: path }).map(([key, value]) => `${key}=${value}`);
  const makeDatabase = () =>
    run(...unprivileged("env", [...settings, "sh", join(folder, "etc", "make-database.sh")])).then(() => undefined);
  await makeDatabase();
  // The script of a restore, as its container runs it; as another user than `postgres`, so by trust and not by name.
  await fill?.(async (text, copy) => {
    const hba = join(folder, "etc", "pg_hba.conf");
    const strict = await readFile(hba, "utf8");
    await writeFile(hba, relocated(strict, { "local all postgres peer": "local all postgres trust" }));
    const script = relocated(move(text, "/var/lib/postgresql/data", "/run/postgresql", "/etc/postgresql"), {
      "/copy": copy,
    });
    try {
      return await run(...unprivileged("env", [...settings, `PGPORT=${port}`, "sh", "-c", script]));
    } finally {
      await writeFile(hba, strict);
    }
  });
  const group = processGroup(folder);
  const data = join(folder, "data", "pgdata");
  const command = ["postgres", "-D", data, "-c", `config_file=${join(folder, "etc", "postgresql.conf")}`];
  const isReady = ["pg_isready", "--quiet", `--host=${join(folder, "sockets")}`, `--port=${port}`];
  const start = async () => {
    const program = group.start("postgres", ...unprivileged("env", [...settings, ...command]));
    await waitFor(() => run("env", [...settings, ...isReady]).then(() => true), { what: "PostgreSQL" });
    return program;
  };
  const postgres = await start();
  const end = () => run("env", [...settings, ...unprivileged("pg_ctl", ["stop", "-D", data, "-m", "fast"]).flat()]);

  const query = async (sql: string, login = { user: "synapse", name: "synapse", password }) => {
    const to = ["-h", "127.0.0.1", "-p", String(port), "-U", login.user, "-d", login.name];
    const line = [...settings, `PGPASSWORD=${login.password}`, "psql", "--no-psqlrc", "-tA", ...to, "-c", sql];
    return (await run("env", line)).trim();
  };
  /** As the pod of a backup does it: the rendered command line, with the names that a cluster would know. */
  const dump = (into: string) => {
    const line = relocated(dumpCommand(params).join("\n"), {
      [params.practice.names.postgres]: "127.0.0.1",
      "/copy/database.dump": into,
    });
    return run("env", [...settings, `PGPASSWORD=${password}`, `PGPORT=${port}`, ...line.split("\n")]);
  };
  /** As the nightly job does it: the rendered command line, with the names that a cluster would know. */
  const prune = () => {
    const line = relocated(pruneCommand(params).join("\n"), { [params.practice.names.postgres]: "127.0.0.1" });
    return run("env", [...settings, `PGPASSWORD=${prunerPassword}`, `PGPORT=${port}`, ...line.split("\n")]);
  };
  /** Ends PostgreSQL and runs the script again, on a cluster that says it is of this major version. */
  const restartAs = async (major: string) => {
    await end();
    await writeFile(join(data, "PG_VERSION"), `${major}\n`);
    await makeDatabase();
  };
  return {
    port,
    password,
    prunerPassword,
    entryPassword,
    restartAs,
    makeDatabase,
    /** Ends PostgreSQL, runs the whole script of this release as a new pod does, and starts PostgreSQL again. */
    upgrade: async () => {
      await end();
      await writeFile(join(folder, "etc", "make-database.sh"), scripts(file("make-database.sh")));
      await makeDatabase();
      await start();
    },
    pause: end,
    resume: start,
    query,
    dump,
    prune,
    memory: () => treeMemory(postgres.pid),
    ...lifetime(folder, group, "postgres"),
  };
}

/** Beside the rendered file, so that a test can make accounts and need not wait. */
const forTests = (bootstrapSecret: string) => {
  const quick = { per_second: 1000, burst_count: 1000 };
  return stringify({
    registration_shared_secret: bootstrapSecret,
    rc_message: quick,
    rc_room_creation: quick,
    rc_invites: { per_room: quick, per_user: quick, per_issuer: quick },
    rc_joins: { local: quick },
    rc_joins_per_room: quick,
    rc_user_directory: quick,
  });
};

/**
 * `edit` and `editDatabase` take a defence out of a rendered file; only the tests can. `version` is another release
 * than the one that we ship.
 */
interface MessagingOptions {
  readonly edit?: Edit;
  /** For a practice with a provider: the client's secret there, and the authority whose certificate it shows. */
  readonly provider?: { readonly clientSecret: string; readonly ca: string };
  readonly editDatabase?: (file: string, text: string) => string;
  readonly version?: string;
  /** What a restore puts in place before Synapse starts. */
  readonly restored?: {
    readonly secrets: Readonly<Record<string, string>>;
    readonly fill: NonNullable<Parameters<typeof startDatabase>[2]>;
    readonly media: (target: string) => Promise<unknown>;
  };
}

/**
 * Starts Synapse as its container does, on its own database.
 */
export async function startMessaging(
  params: Params,
  { edit = (_, text) => text, editDatabase, version, provider, restored }: MessagingOptions = {},
) {
  const python = await pythonWithSynapse(version);
  const database = await startDatabase(params, editDatabase, restored?.fill);
  const folder = await ownFolder("synapse-");
  const [client, openid, health] = [await freePort(), await freePort(), await freePort()];
  const [administration, metrics] = [await freePort(), await freePort()];
  const ports = { client, openid, health, administration };
  const bootstrapSecret = randomBytes(12).toString("hex");
  const text = placed(filesOf(params)("homeserver.yaml"), params, folder, {
    ...ports,
    metrics,
    database: database.port,
  });
  const edited = (file: string, rendered: string) => edit(file, rendered) ?? "";
  await write(join(folder, "etc"), {
    "homeserver.yaml": edited("homeserver.yaml", text),
    "log.yaml": relocated(filesOf(params)("log.yaml"), { "/dev/termination-log": join(folder, "termination-log") }),
    "tests.yaml": forTests(bootstrapSecret),
  });
  await write(join(folder, "modules"), {
    "practice_policy.py": edited("practice_policy.py", filesOf(params)("practice_policy.py")),
  });
  const secrets = restored?.secrets ?? {
    "signing.key": `ed25519 a_test ${randomBytes(32).toString("base64").replace(/=+$/, "")}\n`,
    "macaroon-secret": randomBytes(32).toString("hex"),
    "form-secret": randomBytes(32).toString("hex"),
  };
  await write(join(folder, "secrets"), secrets);
  await mkdir(join(folder, "data"));
  await restored?.media(join(folder, "data", "media"));
  const writeProof = (proof: string) => write(join(folder, "proof"), { proof });
  await writeProof("");
  if (provider) await write(join(folder, "oidc"), { "client-secret": provider.clientSecret, "ca.crt": provider.ca });

  const settings = [
    `PYTHONPATH=${join(folder, "modules")}`,
    `PGPASSWORD=${database.password}`,
    ...(provider ? [`SSL_CERT_FILE=${join(folder, "oidc", "ca.crt")}`] : []),
  ];
  const configuration = ["-c", join(folder, "etc", "homeserver.yaml"), "-c", join(folder, "etc", "tests.yaml")];
  const group = processGroup(folder);
  const program = group.start("synapse", "env", [
    ...settings,
    python,
    "-m",
    "synapse.app.homeserver",
    ...configuration,
  ]);
  await waitFor(
    () => program.ended() !== undefined || fetch(`http://127.0.0.1:${ports.health}/health`).then(({ ok }) => ok),
    { timeout: 90_000, what: "Synapse" },
  );
  const own = lifetime(folder, group, "synapse");
  if (program.ended() !== undefined) {
    const said = group.tail("synapse");
    await own.stop();
    await database.stop();
    throw new Error(`Synapse ${program.ended()}: ${said}`);
  }
  return {
    ports,
    database,
    log: own.log,
    /** `python -m synapse.config` on the running configuration with other module options; throws with its output. */
    check: (changes: (yaml: string) => string = (yaml) => yaml) => checked(python, folder, settings, changes),
    register: (user: string, type?: string, admin = false) =>
      register(ports.client, bootstrapSecret, user, type, admin),
    secrets,
    media: join(folder, "data", "media"),
    /** What stands on the pod, as the kubelet shows it to Synapse. */
    writeProof,
    memory: () => memoryOf(program.pid),
    processorSeconds: () => processorSeconds(program.pid),
    stop: async () => {
      await own.stop();
      await database.stop();
    },
  };
}

/** An account with a device: how a test talks to the homeserver. */
export interface Account {
  readonly id: string;
  readonly token: string;
  readonly deviceId: string;
  readonly password: string;
  readonly call: (method: string, path: string, body?: object) => Promise<{ status: number; body: Answer }>;
}
export type Answer = Readonly<Record<string, unknown>> & { readonly errcode?: string };

async function register(
  port: number,
  secret: string,
  user: string,
  type: string | undefined,
  admin: boolean,
): Promise<Account> {
  const url = `http://127.0.0.1:${port}`;
  const path = "/_synapse/admin/v1/register";
  const { nonce } = (await (await fetch(url + path)).json()) as { nonce: string };
  const password = randomBytes(16).toString("hex");
  const parts = [nonce, user, password, admin ? "admin" : "notadmin", ...(type ? [type] : [])];
  const mac = createHmac("sha1", secret).update(parts.join("\0")).digest("hex");
  const answer = await fetch(url + path, {
    method: "POST",
    body: JSON.stringify({ nonce, username: user, password, mac, admin, ...(type && { user_type: type }) }),
  });
  if (!answer.ok) throw new Error(`No account for ${user}: ${answer.status} ${await answer.text()}`);
  const made = (await answer.json()) as { access_token: string; user_id: string; device_id: string };
  const { access_token: token, user_id: id, device_id: deviceId } = made;
  return { id, token, deviceId, password, call: (method, path, body) => call(`${url}${path}`, method, body, token) };
}

/** One request with JSON or with the bytes of a file; the answer's status and JSON. */
export async function call(url: string, method = "GET", body?: object, token?: string) {
  const answer = await fetch(url, {
    method,
    headers: token ? { authorization: `Bearer ${token}` } : {},
    ...(body && { body: body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: (/^[{[]/.test(text) ? JSON.parse(text) : {}) as Answer };
}

async function checked(python: string, folder: string, settings: string[], changes: (yaml: string) => string) {
  const file = join(folder, "etc", "checked.yaml");
  await writeFile(file, changes(await readFile(join(folder, "etc", "homeserver.yaml"), "utf8")));
  return run("env", [...settings, python, "-m", "synapse.config", "-c", file]);
}

/** The one difference between the container and this machine: places, ports and the database's name. */
function placed(
  text: string,
  { practice }: Params,
  folder: string,
  ports: Record<"client" | "openid" | "health" | "administration" | "metrics" | "database", number>,
): string {
  const listener = (from: number, to: number) => ({
    [`"port": ${from},`]: `"bind_addresses": ["127.0.0.1"],\n      "port": ${to},`,
  });
  return relocated(text, {
    "/etc/synapse": join(folder, "etc"),
    "/run/secrets/synapse": join(folder, "secrets"),
    "/data/media": join(folder, "data", "media"),
    "/run/proof": join(folder, "proof"),
    ...(practice.staff.oidc && { "/run/secrets/oidc": join(folder, "oidc") }),
    [`"host": "${practice.names.postgres}"`]: '"host": "127.0.0.1"',
    '"port": 5432': `"port": ${ports.database}`,
    ...listener(8008, ports.client),
    ...listener(8009, ports.openid),
    ...listener(8080, ports.health),
    ...listener(9001, ports.metrics),
    '"port": 8011,': `"port": ${ports.administration},`,
  });
}

function lifetime(folder: string, group: ProcessGroup, name: string) {
  return {
    log: () => readFile(join(folder, "log", `${name}.log`), "utf8"),
    stop: async () => {
      await group.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function ownFolder(prefix: string): Promise<string> {
  return mkdtemp(join(tmpdir(), prefix));
}

async function giveAway(folder: string, names: readonly string[]): Promise<void> {
  if (process.getuid?.() !== 0) return;
  for (const name of names) await chown(join(folder, name), NOBODY.uid, NOBODY.gid);
}

async function write(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
}

/** Memory of a program and its children in MiB, each shared page counted once. */
async function treeMemory(pid: number): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  const all = [pid, ...children.trim().split(" ").filter(Boolean).map(Number)];
  const shares = await Promise.all(all.map((one) => readFile(`/proc/${one}/smaps_rollup`, "utf8")));
  return shares.reduce((sum, text) => sum + Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1]) / 1024, 0);
}

/** How long a program has kept a processor busy so far; a tick is a hundredth of a second on every Linux. */
async function processorSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Resident memory of a program in MiB. */
async function memoryOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}
