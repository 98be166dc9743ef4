import { generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { IDeployment } from "kubernetes-models/apps/v1";
import type { IVolume } from "kubernetes-models/v1";
import type { Params } from "../../../src/components/component.ts";
import { entry } from "../../../src/components/entry/entry.ts";
import { type EntryOptions, entryOptions } from "../../../src/entry/options.ts";
import { type EntrySeams, type EntryServer, serveEntry } from "../../../src/entry/server.ts";
import { createLogger } from "../../../src/telemetry/logger.ts";

/** Where the programs are that the entry page asks; one that is left out does not answer. */
export interface EntryNeighbours {
  readonly database?: { readonly port: number; readonly entryPassword: string };
  readonly signalling?: {
    readonly ports: { readonly internal: number };
    readonly signingKey: { readonly privateKey: KeyObject };
  };
  readonly matrix?: { readonly ports: { readonly client: number; readonly openid: number } };
}

/** A running entry page on the rendered Deployment. */
export type Entry = Awaited<ReturnType<typeof startEntry>>;

const NOBODY_PORT = 1;

/** What the rendered pod would be told, with its Secrets as files; `changes` are a test's own. */
export async function placedEntry(params: Params, { database, signalling, matrix }: EntryNeighbours) {
  const folder = await mkdtemp(join(tmpdir(), "entry-"));
  const key = signalling?.signingKey.privateKey ?? generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const { names } = params.practice;
  await mount(params, folder, {
    [names.bornSecret("entry")]: {
      key: randomBytes(32).toString("hex"),
      "database-password": database?.entryPassword ?? "",
    },
    [names.bornSecret("rooms")]: { "private.pem": key.export({ type: "pkcs8", format: "pem" }).toString() },
  });
  const told = Object.fromEntries((containerOf(params).env ?? []).map(({ name, value = "" }) => [name, value]));
  const environment: Readonly<Record<string, string>> = {
    ...moved(told, "/run/secrets", join(folder, "run/secrets")),
    ENTRY_PORT: "0",
    ENTRY_LISTEN: "127.0.0.1",
    ENTRY_DATABASE_HOST: "127.0.0.1",
    ENTRY_DATABASE_PORT: String(database?.port ?? NOBODY_PORT),
    ENTRY_SIGNALLING_URL: at(signalling?.ports.internal),
    ENTRY_SYNAPSE_URL: at(matrix?.ports.client),
    ENTRY_ANSWERS_URL: at(matrix?.ports.openid),
  };
  /** What Node is started with, before the program. */
  const flags = (containerOf(params).command ?? []).filter((part) => part.startsWith("--"));
  return { folder, environment, flags, stop: () => rm(folder, { recursive: true, force: true }) };
}

/** Starts the entry page in this process, so that a test can move its clock. */
export async function startEntry(
  params: Params,
  neighbours: EntryNeighbours,
  seams: EntrySeams = {},
  changes: Partial<EntryOptions> = {},
) {
  const placed = await placedEntry(params, neighbours);
  let log = "";
  const logger = createLogger("debug", { write: (line) => void (log += line) });
  const options = { ...entryOptions(placed.environment), ...changes };
  const server: EntryServer = await serveEntry(options, { logger, ...seams });
  return {
    options,
    log: () => log,
    ...asks(server.port, params),
    stop: async () => {
      await server.close();
      await placed.stop();
    },
  };
}

/** How a browser asks the entry page at a port. */
export function asks(port: number, { practice }: Params) {
  return { port, ...asksAt(`http://127.0.0.1:${port}`, practice.hosts.entry, fetch) };
}

/** How a browser asks the entry page at a base address, with the host that it believes to talk to. */
export function asksAt(base: string, host: string, fetcher: typeof fetch) {
  const origin = `https://${host}`;
  return {
    /** One request as a browser makes it to the entry host, without following anywhere. */
    get: (path: string, headers: Readonly<Record<string, string>> = {}) =>
      fetcher(`${base}${path}`, { headers, redirect: "manual" }),
    /** A form of the page's own, sent by a browser. */
    post: (path: string, form: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}) =>
      fetcher(`${base}${path}`, {
        method: "POST",
        body: new URLSearchParams(form),
        headers: { origin, ...headers },
        redirect: "manual",
      }),
  };
}

/** Cookies of an answer, as a browser sends them back. */
export function cookiesOf(answer: Response): string {
  return answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(";")[0])
    .join("; ");
}

/** The value of a hidden field, or of an attribute, in a page. */
export function fieldOf(page: string, name: string): string {
  const found = new RegExp(`name="${name}"[^>]*?value="([^"]*)"|${name}="([^"]*)"`).exec(page);
  const value = found?.[1] ?? found?.[2];
  if (value === undefined) throw new Error(`The page has no ${name}.`);
  return value.replaceAll("&quot;", '"').replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

function containerOf(params: Params) {
  const deployment = entry.build(params).find(({ kind }) => kind === "Deployment") as unknown as IDeployment;
  const spec = deployment.spec?.template.spec;
  const [container] = spec?.containers ?? [];
  if (!spec || !container) throw new Error("No pod is rendered.");
  return { ...container, volumes: spec.volumes ?? [] };
}

/** Writes the files of every mounted volume, as the kubelet does. */
async function mount(params: Params, folder: string, secrets: Readonly<Record<string, Record<string, string>>>) {
  const { volumes, volumeMounts = [] } = containerOf(params);
  for (const { name, mountPath } of volumeMounts) {
    const volume = volumes.find((one) => one.name === name);
    for (const [path, content] of filesOf(volume, secrets)) {
      const file = join(folder, mountPath, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
    }
  }
}

function filesOf(volume: IVolume | undefined, secrets: Readonly<Record<string, Record<string, string>>>) {
  const plain = volume?.secret && { name: volume.secret.secretName, ...volume.secret };
  const sources = [plain, ...(volume?.projected?.sources ?? []).map(({ secret }) => secret)];
  return sources.flatMap((source) => {
    const found = secrets[source?.name ?? ""];
    if (!source || !found) return [];
    return (source.items ?? []).flatMap(({ key, path }) => {
      const content = found[key];
      return content === undefined ? [] : [[path, content] as const];
    });
  });
}

function moved(values: Readonly<Record<string, string>>, from: string, to: string): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value.replace(from, to)]));
}

function at(port = NOBODY_PORT): string {
  return `http://127.0.0.1:${port}`;
}
