import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { type AddressInfo, connect as dial, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { packTar } from "modern-tar/fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { parseSpec } from "../../src/api/practice.ts";
import { copyOut } from "../../src/cli/backup.ts";
import type { Place } from "../../src/cli/copy-job.ts";
import { readBackup, writeContents, writePart } from "../../src/cli/backup-set.ts";
import { connectTo, type Connected } from "../../src/cli/connect.ts";
import { copyIn } from "../../src/cli/restore.ts";
import { type Wanted, wantedOf } from "../../src/cli/restore-wanted.ts";
import { give } from "../../src/copy/give.ts";
import { take } from "../../src/copy/take.ts";
import type { LiveObject, Manifest } from "../../src/manifest.ts";
import type { Cluster } from "../../src/runtime/cluster.ts";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { waitFor } from "../bed/wait.ts";
import { bed, kubectl, kubectlApply } from "../support/bed.ts";
import { type RunningOperator, startOperator } from "../support/operator.ts";
import { applyPractice, expectReason, practiceFor, practiceNamespace } from "../support/practice-bed.ts";

/**
 * Both commands on a real API server, with their halves in the pods played on this machine: nothing runs in pods here.
 * What the programs do is in `test/apps/messaging/backup.test.ts`.
 */

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const name = "greenriver";
const base64 = (text: string) => Buffer.from(text).toString("base64");
let connected: Connected;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "backup-"));
  connected = await connectTo(undefined, { KUBECONFIG: bed.kubeconfig });
});
afterAll(async () => {
  await connected.transport.close();
  await rm(folder, { recursive: true, force: true });
});

/** The API server, with pods that run whatever the simulated node says: it ends those of Jobs at once. */
function withRunningPods(cluster: Cluster): Cluster {
  const running = ["give", "take"].map((container) => ({ name: container, state: { running: {} } }));
  return {
    ...cluster,
    list: async (resource, options) => {
      const found = await cluster.list(resource, options);
      if (resource !== RESOURCES.Pod) return found;
      return found.map((pod) => ({ ...pod, status: { phase: "Running", containerStatuses: running } }));
    },
  };
}

const told: string[] = [];
function place(namespace: string, connect: Place["connect"]): Place {
  const cluster = withRunningPods(connected.cluster);
  return { cluster, patient: connected.cluster, namespace, name, connect, tell: (sentence) => told.push(sentence) };
}

async function tokenIn(namespace: string): Promise<string> {
  const secret = await connected.cluster.get(RESOURCES.Secret, { namespace, name: `${name}-backup` });
  const { token = "" } = (secret?.["data"] ?? {}) as { token?: string };
  return Buffer.from(token, "base64").toString();
}

/** The pod's half of a restore: takes the part that belongs to its Job. */
const taking =
  (namespace: string): Place["connect"] =>
  (pod) =>
  async () => {
    const kind = pod.includes("-media-") ? "folder" : "file";
    const target = join(folder, `${namespace}-${kind}`);
    const { port } = await take({ token: await tokenIn(namespace), port: 0, kind, target });
    return dial(port, "127.0.0.1");
  };

async function aBackup(namespace: string): Promise<{ set: string; wanted: Wanted }> {
  const set = join(folder, `set-${namespace}`);
  const media = join(folder, `media-${namespace}`);
  await mkdir(set);
  await mkdir(join(media, "local_content"), { recursive: true });
  await writeFile(join(media, "local_content/a-file"), "content");
  const secrets = {
    [`${name}-database-1`]: { password: base64("kept"), "pruner-password": base64("kept too") },
    [`${name}-synapse-2`]: {
      "signing.key": base64("ed25519 a_1 x"),
      "macaroon-secret": base64("m"),
      "form-secret": base64("f"),
    },
  };
  const serverName = `matrix.${namespace}.example`;
  const identity = { serverName, mediaPort: "31000", "secret.database": "1", "secret.synapse": "2" };
  const parts = {
    database: await writePart(set, "database", Readable.from(["a dump"])),
    media: await writePart(set, "media", packTar(media)),
    keys: await writePart(set, "keys", Readable.from([JSON.stringify({ secrets, identity })])),
  };
  const takenAt = new Date().toISOString();
  await writeContents(set, { format: 1, practice: name, serverName, postgresMajor: 17, takenAt, parts });
  const { contents, keys } = await readBackup(set);
  return { set, wanted: wantedOf(await inputFor(namespace), contents, keys) };
}

async function inputFor(namespace: string, spec: object = {}) {
  const resource = (await practiceFor(namespace, spec)) as Manifest & { metadata: { namespace: string } };
  const parsed = parseSpec(resource);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  return { resource, spec: parsed.spec };
}

const listed = async (namespace: string) => {
  const kinds = ["Secret", "ConfigMap", "PersistentVolumeClaim", "Job"] as const;
  const lists = await Promise.all(kinds.map((kind) => connected.cluster.list(RESOURCES[kind], { namespace })));
  return lists
    .flatMap((objects, index) => objects.map(({ metadata }) => `${kinds[index]}/${metadata.name}`))
    .toSorted();
};
const KEPT = [
  "ConfigMap/greenriver-identity",
  "ConfigMap/kube-root-ca.crt",
  "PersistentVolumeClaim/greenriver-postgres-data",
  "PersistentVolumeClaim/greenriver-synapse-media",
  "Secret/greenriver-database-1",
  "Secret/greenriver-synapse-2",
];
const uidOf = async (namespace: string, secret: string) =>
  (await connected.cluster.get(RESOURCES.Secret, { namespace, name: secret }))?.metadata.uid;
const hasEnded = (namespace: string, objects: readonly string[]) =>
  waitFor(async () => JSON.stringify(await listed(namespace)) === JSON.stringify(objects), {
    what: `nothing else in ${namespace}`,
  });

describe("a restore into an empty namespace", () => {
  let namespace: string;
  let set: string;
  let wanted: Wanted;
  let operator: RunningOperator | undefined;
  beforeAll(async () => {
    namespace = await practiceNamespace();
    ({ set, wanted } = await aBackup(namespace));
    await copyIn(place(namespace, taking(namespace)), wanted, set);
  });
  afterAll(() => operator?.kill());

  it("leaves what a practice needs, and nothing that passed", async () => {
    await hasEnded(namespace, KEPT);
    const identity = await connected.cluster.get(RESOURCES.ConfigMap, { namespace, name: `${name}-identity` });
    expect(identity?.["data"]).toEqual(wanted.identity["data"]);
    await expect(stat(join(folder, `${namespace}-folder`, "local_content/a-file"))).resolves.toBeDefined();
  });

  it("is refused a second time: nothing is overwritten", async () => {
    await expect(copyIn(place(namespace, taking(namespace)), wanted, set)).rejects.toThrow(/is there already/);
  });

  it("is taken up by the practice, with its Secrets, volumes and port", async () => {
    const before = await uidOf(namespace, `${name}-synapse-2`);
    operator = await startOperator(bed.kubeconfig, { watchNamespaces: [namespace] });
    await applyPractice(namespace);
    const synapse = await waitFor(
      () => connected.cluster.get(RESOURCES.StatefulSet, { namespace, name: `${name}-synapse` }),
      { what: "Synapse", timeout: 60_000 },
    );
    expect(JSON.stringify(synapse)).toContain(`${name}-synapse-2`);
    expect(await uidOf(namespace, `${name}-synapse-2`)).toBe(before);
    const media = (await connected.cluster.get(RESOURCES.Service, { namespace, name: `${name}-media` })) as LiveObject;
    expect(JSON.stringify(media["spec"])).toContain("31000");
    expect(await listed(namespace)).not.toContain(`Secret/${name}-synapse-1`);
  });

  it("can be backed up again, and nothing of that stays in the cluster", async () => {
    const secrets = await listed(namespace);
    const again = join(folder, "again");
    await mkdir(again);
    await writeFile(join(folder, "dump"), "a dump");
    let port: number | undefined;
    const giving: Place["connect"] = () => async () => {
      const given = { port: 0, database: join(folder, "dump"), media: join(folder, "none") };
      port ??= (await give({ token: await tokenIn(namespace), ...given })).port;
      return dial(port, "127.0.0.1");
    };
    await copyOut(place(namespace, giving), again);
    const { contents, keys } = await readBackup(again);
    expect(contents.serverName).toBe(`matrix.${namespace}.example`);
    expect(Object.keys(keys.secrets).toSorted()).toEqual([`${name}-database-1`, `${name}-synapse-2`]);
    expect(Buffer.from(keys.secrets[`${name}-database-1`]?.["password"] ?? "", "base64").toString()).toBe("kept");
    await hasEnded(namespace, secrets);
  });

  it("leaves nothing of a backup that breaks off", async () => {
    const before = await listed(namespace);
    const broken = join(folder, "broken");
    await mkdir(broken);
    const failing: Place["connect"] = () => () => Promise.reject(new Error("The connection to the pod was lost."));
    await expect(copyOut(place(namespace, failing), broken)).rejects.toThrow("was lost");
    await hasEnded(namespace, before);
    await expect(readBackup(broken)).rejects.toThrow(/is no whole backup/);
  });

  it("ends a copy that is under way when its command is interrupted", async () => {
    const before = await listed(namespace);
    const half = join(folder, "half");
    await mkdir(half);
    const stop = new AbortController();
    const silent = createServer().listen(0, "127.0.0.1");
    const stalling: Place["connect"] = () => async () => {
      setTimeout(() => stop.abort(), 100);
      return dial((silent.address() as AddressInfo).port, "127.0.0.1");
    };
    const interrupted = { ...place(namespace, stalling), signal: stop.signal };
    await expect(copyOut(interrupted, half)).rejects.toThrow(/abort/);
    silent.close();
    await hasEnded(namespace, before);
  });

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("leaves nothing of a backup after %s", async (signal) => {
    const before = await listed(namespace);
    const to = join(folder, signal);
    const { child, ended } = start("backup", name, "-n", namespace, "--to", to);
    const atWork = async () => (await listed(namespace)).includes(`Secret/${name}-backup`);
    await waitFor(atWork, { what: "the command to be at work", timeout: 60_000 });
    child.kill(signal);
    expect(await ended).toMatchObject({ code: 1, stderr: expect.stringContaining("Interrupted.") as unknown });
    await hasEnded(namespace, before);
    await expect(stat(to)).rejects.toThrow("ENOENT");
  });
});

/** A command as a user runs it. */
function start(...args: string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, KUBECONFIG: bed.kubeconfig },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const code = new Promise<number | null>((resolve) => child.on("close", resolve));
  const ended = Promise.all([code, text(child.stderr)]).then(([code, stderr]) => ({ code, stderr }));
  return { child, ended };
}

describe("the token of another command", () => {
  const failing: Place["connect"] = () => () => Promise.reject(new Error("The connection to the pod was lost."));
  const run = { apiVersion: "batch/v1", kind: "Job" };
  let namespace: string;
  let operator: RunningOperator;
  const secret = (owner?: { kind: string; name: string; uid: string }) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: `${name}-backup`,
      namespace,
      ...(owner && { ownerReferences: [{ apiVersion: run.apiVersion, ...owner }] }),
    },
    stringData: { token: "another" },
  });
  const job = {
    spec: {
      suspend: true,
      template: { spec: { restartPolicy: "Never", containers: [{ name: "a", image: "example.com/a:1" }] } },
    },
  };
  const backsUp = async () => {
    const to = await mkdtemp(join(folder, "other-"));
    return copyOut(place(namespace, failing), to);
  };
  beforeAll(async () => {
    namespace = await practiceNamespace();
    operator = await startOperator(bed.kubeconfig, { watchNamespaces: [namespace] });
    await applyPractice(namespace);
    await waitFor(() => connected.cluster.get(RESOURCES.CronJob, { namespace, name: `${name}-backup` }), {
      what: "the CronJob of backups",
      timeout: 60_000,
    });
  });
  afterAll(() => operator?.kill());

  it("stays while that command is at work, and goes when it was killed", async () => {
    await kubectlApply({ ...run, metadata: { name: "running", namespace }, ...job });
    const owner = await connected.cluster.get(RESOURCES.Job, { namespace, name: "running" });
    await kubectlApply(secret({ kind: "Job", name: "running", uid: owner?.metadata.uid ?? "" }));
    await expect(backsUp()).rejects.toThrow(/Another backup is at work.*delete job running/s);
    expect(await tokenIn(namespace)).toBe("another");
    await kubectl(["-n", namespace, "delete", "job", "running", "--wait=false"]);
    await waitFor(async () => !(await connected.cluster.get(RESOURCES.Job, { namespace, name: "running" })), {
      what: "the Job to go",
    });
    await expect(backsUp()).rejects.toThrow("was lost");
  });

  it("stays when a person made it", async () => {
    await waitFor(async () => !(await connected.cluster.get(RESOURCES.Secret, { namespace, name: `${name}-backup` })), {
      what: "the former token to go",
    });
    await kubectlApply(secret());
    await expect(backsUp()).rejects.toThrow(/was not made by this command/);
    expect(await tokenIn(namespace)).toBe("another");
  });
});

describe("a restore that breaks off", () => {
  it("takes away what it made", async () => {
    const namespace = await practiceNamespace();
    const { set, wanted } = await aBackup(namespace);
    const failing: Place["connect"] = () => () => Promise.reject(new Error("The connection to the pod was lost."));
    await expect(copyIn(place(namespace, failing), wanted, set)).rejects.toThrow("was lost");
    await hasEnded(namespace, ["ConfigMap/kube-root-ca.crt"]);
  });

  it("also when its command is interrupted", async () => {
    const namespace = await practiceNamespace();
    const { set } = await aBackup(namespace);
    const file = join(folder, `${namespace}.yaml`);
    await writeFile(file, stringify(await practiceFor(namespace)));
    const { child, ended } = start("restore", "-f", file, "--from", set);
    const atWork = async () => (await listed(namespace)).includes(`Job/${name}-restore-database`);
    await waitFor(atWork, { what: "the command to be at work", timeout: 60_000 });
    child.kill("SIGINT");
    expect(await ended).toMatchObject({ code: 1, stderr: expect.stringContaining("Interrupted.") as unknown });
    await hasEnded(namespace, ["ConfigMap/kube-root-ca.crt"]);
  });
});

describe("a practice that is applied while a backup is put back", () => {
  it("waits, and makes nothing", async () => {
    const namespace = await practiceNamespace();
    const { wanted } = await aBackup(namespace);
    const data = { ...(wanted.identity["data"] as object), restoring: "true" };
    await kubectlApply({ ...wanted.identity, data });
    await applyPractice(namespace);
    const operator = await startOperator(bed.kubeconfig, { watchNamespaces: [namespace] });
    try {
      await expectReason(namespace, "Reconciling", "Restoring");
      expect(await connected.cluster.list(RESOURCES.StatefulSet, { namespace })).toEqual([]);
      expect(await connected.cluster.list(RESOURCES.Secret, { namespace })).toEqual([]);
    } finally {
      await operator.kill();
    }
  });
});

describe("a backup that does not fit its manifest", () => {
  it.each([
    ["another server name", { hosts: { matrix: "chat.other.example" } }, /can never change. Set spec.hosts.matrix/],
    [
      "a database that others run",
      {
        messaging: {
          database: {
            external: { host: "db.other.example", secretRef: { name: "db" }, to: { cidrs: ["203.0.113.5/32"] } },
          },
        },
      },
      /is run by others/,
    ],
  ])("is refused: %s", async (_, spec, reason) => {
    const namespace = "test-refused";
    await rm(join(folder, `set-${namespace}`), { recursive: true, force: true });
    await rm(join(folder, `media-${namespace}`), { recursive: true, force: true });
    const { set } = await aBackup(namespace);
    const { contents, keys } = await readBackup(set);
    const input = await inputFor(namespace, spec);
    expect(() => wantedOf(input, contents, keys)).toThrow(reason);
  });

  it("is refused with keys that are not those of the practice's data", async () => {
    const namespace = "test-keys";
    const { set } = await aBackup(namespace);
    const { contents, keys } = await readBackup(set);
    const input = await inputFor(namespace);
    const [first = "", second = ""] = Object.keys(keys.secrets);
    const { [second]: _, ...fewer } = keys.secrets;
    const changed = [
      { ...keys, secrets: { ...keys.secrets, [`${name}-rooms-1`]: { "private.pem": base64("somebody else's") } } },
      { ...keys, secrets: fewer },
      { ...keys, secrets: { ...fewer, [first.replace(/1$/, "3")]: {} } },
      { ...keys, identity: { ...keys.identity, mediaPort: "any" } },
      { ...keys, identity: { ...keys.identity, "secret.synapse": "" } },
    ];
    for (const other of changed) expect(() => wantedOf(input, contents, other)).toThrow(/the keys of this practice/);
    const more = { ...keys, identity: { ...keys.identity, serverName: "matrix.other.example", "secret.rooms": "7" } };
    expect(wantedOf(input, contents, more).identity["data"]).toEqual(wantedOf(input, contents, keys).identity["data"]);
  });
});
