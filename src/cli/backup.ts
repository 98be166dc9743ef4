import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { Readable } from "node:stream";
import type { ICronJob } from "kubernetes-models/batch/v1";
import type { PracticeSpec } from "../api/practice.ts";
import { environment } from "../config.ts";
import { knownIdentity } from "./backup-keys.ts";
import { PRACTICES } from "../controller/kinds.ts";
import type { LiveObject, Manifest } from "../manifest.ts";
import { namesOf } from "../practice/names.ts";
import { RESOURCES } from "../runtime/resources.ts";
import { argumentsOf } from "./arguments.ts";
import { type Contents, type Keys, newFolder, writeContents, writePart } from "./backup-set.ts";
import { BadInput } from "./bad-input.ts";
import { connectTo } from "./connect.ts";
import { clearToken, newToken, type Other, otherHalf, type Place, podOf, type Tell, toPod } from "./copy-job.ts";
import { CLEARING, untilInterrupted } from "./interrupted.ts";
import { made } from "./made.ts";

/**
 * `telehealth backup`: messages, files and keys of a practice as one set of files on this machine. Needs the rights to
 * read the practice, its Secrets, ConfigMaps, CronJobs and pods, to create and delete Jobs and Secrets, and to get and
 * create port-forwards. Nothing of it stays in the cluster, also when it is interrupted.
 */
export async function backup(argv: readonly string[]): Promise<number> {
  const { values, positionals } = argumentsOf(argv, {
    to: { type: "string" },
    namespace: { type: "string", short: "n" },
    context: { type: "string" },
  });
  const [name, ...more] = positionals;
  const { to } = values;
  if (!name || !to || more.length > 0)
    throw new BadInput("Say which practice, and where to: telehealth backup NAME --to FOLDER");

  const connected = await connectTo(values.context, environment());
  const tell: Tell = (sentence) => void process.stderr.write(`${sentence}\n`);
  try {
    const namespace = values.namespace ?? connected.namespace;
    await newFolder(to);
    await untilInterrupted(CLEARING, async (signal) => {
      const cluster = connected.cluster.within(signal);
      const connect = (pod: string) => toPod(connected, namespace, pod);
      await copyOut({ cluster, patient: connected.cluster, namespace, name, connect, tell, signal }, to);
    }).catch(async (error: unknown) => {
      await rm(to, { recursive: true });
      throw error;
    });
    tell(`Backed up to ${to}. It holds the keys of the practice: keep it as safe as the practice itself.`);
    return 0;
  } finally {
    await connected.transport.close();
  }
}

/** Copies a practice into a new folder. @throws Error or BadInput with the next step; the folder is half full then. */
export async function copyOut(
  { cluster, patient, namespace, name, connect, tell, signal }: Place,
  folder: string,
): Promise<void> {
  const practice = await cluster.get(PRACTICES, { namespace, name });
  if (!practice) throw new BadInput(`There is no practice ${namespace}/${name}. Name its namespace with -n.`);
  const { database } = (practice["spec"] as Partial<PracticeSpec>).messaging ?? {};
  if (database && !database.managed) {
    throw new BadInput(
      "The database of this practice is run by others: have it backed up there. docs/backup.md tells what else to keep.",
    );
  }
  const { identity, keys } = await knownIdentity(cluster, namespace, name);
  const names = namesOf(name);
  const cronJob = await cluster.get(RESOURCES.CronJob, { namespace, name: names.backup });
  if (!cronJob)
    throw new Error(`The operator has not made ${names.backup} yet. \`telehealth status ${name}\` says why.`);

  await clearToken(patient, namespace, names.backup);
  const things = made(patient);
  try {
    tell("Starting a pod that copies the database …");
    const job = await things.create(RESOURCES.Job, jobOf(cronJob, namespace));
    const { token, secret } = newToken(namespace, names.backup, job);
    await things.create(RESOURCES.Secret, secret);
    const other = otherHalf(connect(await podOf(cluster, job, "give", tell)), token, signal);
    const parts = await take(other, folder, keys, tell);
    await writeContents(folder, {
      format: 1,
      practice: name,
      serverName: identity.serverName,
      postgresMajor: identity.postgresMajor,
      takenAt: new Date().toISOString(),
      parts,
    });
  } finally {
    await things.remove();
  }
}

/** The database first: nothing is uploaded into the past, so every file that it knows is among them, unless removed. */
async function take(other: Other, folder: string, keys: Keys, tell: Tell): Promise<Contents["parts"]> {
  const database = await writePart(folder, "database", await other.get("/database"));
  tell(`The database is copied (${mebibytes(database)}). Now the files …`);
  const media = await writePart(folder, "media", await other.get("/media"));
  tell(`The files are copied (${mebibytes(media)}).`);
  await other.post("/done");
  return { database, media, keys: await writePart(folder, "keys", Readable.from([JSON.stringify(keys)])) };
}

function mebibytes({ bytes }: { readonly bytes: number }): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}

/** A Job as the CronJob would make it: the operator knows its pods by this name. */
function jobOf(cronJob: LiveObject, namespace: string): Manifest {
  const { name, uid } = cronJob.metadata;
  const { spec } = (cronJob as unknown as ICronJob).spec?.jobTemplate ?? {};
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: `${name}-${randomBytes(4).toString("hex")}`,
      namespace,
      ownerReferences: [{ apiVersion: "batch/v1", kind: "CronJob", name, uid, controller: true }],
    },
    spec,
  };
}
