import { randomBytes } from "node:crypto";
import { addAbortSignal, type Duplex, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { COPY_PORT, DIGEST_HEADER } from "../copy/part.ts";
import type { LiveObject, Manifest } from "../manifest.ts";
import type { Cluster } from "../runtime/cluster.ts";
import { ConnectionRefused, portForward } from "../runtime/port-forward.ts";
import { RESOURCES } from "../runtime/resources.ts";
import { BadInput } from "./bad-input.ts";
import type { Connected } from "./connect.ts";
import { overConnection } from "./over-connection.ts";

const LONGEST_START_SECONDS = 300;
const LONGEST_SILENCE_SECONDS = 60;

/** Says what goes on; a sentence. */
export type Tell = (sentence: string) => void;

/** Which practice is copied, and how to get at it. */
export interface Place {
  /** Ends at an interruption. */
  readonly cluster: Cluster;
  /** The same one, which does not: makes things and takes them away, so that nothing is made and forgotten. */
  readonly patient: Cluster;
  readonly namespace: string;
  readonly name: string;
  readonly connect: (pod: string) => () => Promise<Duplex>;
  readonly tell: Tell;
  /** What ends a copy that is under way. */
  readonly signal?: AbortSignal;
}

/** A connection to the half of a copy that runs in a pod. */
export interface Other {
  /** @throws Error when it does not answer with success; the body is empty then. */
  get(path: string): Promise<Readable>;
  put(path: string, body: Readable, sha256: string): Promise<void>;
  post(path: string): Promise<void>;
}

/** The token for one command, and the Secret that tells it to the pod. */
export function newToken(namespace: string, name: string, owner?: LiveObject): { token: string; secret: Manifest } {
  const token = randomBytes(32).toString("hex");
  const { apiVersion, kind, metadata } = owner ?? {};
  const secret: Manifest = {
    apiVersion: "v1",
    kind: "Secret",
    type: "Opaque",
    immutable: true,
    metadata: {
      name,
      namespace,
      // It goes with the Job, also when nobody removes it.
      ...(metadata && {
        ownerReferences: [{ apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: false }],
      }),
    } as Manifest["metadata"],
    stringData: { token, "database-password": randomBytes(32).toString("hex") },
  };
  return { token, secret };
}

/**
 * Removes the token that a command left which was killed. That of one that is at work stays.
 * @throws BadInput when another command is at work, or somebody else's Secret has the name.
 */
export async function clearToken(cluster: Cluster, namespace: string, name: string): Promise<void> {
  const left = await cluster.get(RESOURCES.Secret, { namespace, name });
  if (!left) return;
  const [owner] =
    (left.metadata as { ownerReferences?: readonly { kind: string; name: string }[] }).ownerReferences ?? [];
  if (owner?.kind !== "Job")
    throw new BadInput(`Secret ${name} is there and was not made by this command. Please remove it.`);
  if (await cluster.get(RESOURCES.Job, { namespace, name: owner.name })) {
    throw new BadInput(
      `Another backup is at work. Wait for it, or end it: kubectl -n ${namespace} delete job ${owner.name}`,
    );
  }
  await cluster.delete(RESOURCES.Secret, { namespace, name }, { uid: left.metadata.uid });
}

/**
 * Talks HTTP with the pod of a Job, one connection for each question. A container runs before the program in it listens,
 * so the first question waits for that. Whatever goes on ends with the signal.
 */
export function otherHalf(connect: () => Promise<Duplex>, token: string, signal?: AbortSignal): Other {
  const authorization = `Bearer ${token}`;
  const open = async () => {
    const connection = await connect();
    if (signal) addAbortSignal(signal, connection);
    return connection;
  };
  const listens = async () => {
    for (let second = 1; ; second += 1) {
      try {
        const answer = await overConnection(await open(), { method: "GET", path: "/", headers: { authorization } });
        return void answer.resume();
      } catch (error) {
        if (!isRefusal(error) || second === LONGEST_SILENCE_SECONDS || signal?.aborted) throw error;
        await sleep(1000);
      }
    }
  };
  let listening: Promise<void> | undefined;
  const ask = async (method: string, path: string, body?: Readable, sha256?: string): Promise<Readable> => {
    await (listening ??= listens());
    const answer = await overConnection(
      await open(),
      { method, path, headers: { authorization, ...(sha256 && { [DIGEST_HEADER]: sha256 }) } },
      // What breaks it off is told by the request itself.
      body && ((sent) => void pipeline(body, sent).catch(() => undefined)),
    );
    const status = answer.statusCode ?? 0;
    if (status >= 200 && status < 300) return answer;
    answer.resume();
    throw new Error(REFUSALS[status] ?? `The pod answered ${status}. Please try again.`);
  };
  return {
    get: (path) => ask("GET", path),
    put: async (path, body, sha256) => void (await ask("PUT", path, body, sha256)).resume(),
    post: async (path) => void (await ask("POST", path)).resume(),
  };
}

/** The kubelet found nobody at the port, or a socket did. */
function isRefusal(error: unknown): boolean {
  return error instanceof ConnectionRefused || (error as NodeJS.ErrnoException).code === "ECONNREFUSED";
}

const REFUSALS: Readonly<Record<number, string>> = {
  409: "Something is there already, and nothing is overwritten.",
  422: "What arrived is not what was sent. Nothing was kept; please try again.",
};

/**
 * Waits until a container of a Job's pod runs, and says what it waits for. While one before it is at work, however long,
 * it is not late.
 * @returns the pod's name.
 * @throws Error with the next step when the Job fails or takes too long to start.
 */
export async function podOf(cluster: Cluster, job: LiveObject, container: string, tell: Tell): Promise<string> {
  const { namespace = "", name } = job.metadata;
  for (let second = 1, idle = 0; idle < LONGEST_START_SECONDS; second += 1) {
    const [pod] = await cluster.list(RESOURCES.Pod, {
      namespace,
      labelSelector: `batch.kubernetes.io/job-name=${name}`,
    });
    const status = (pod?.["status"] ?? {}) as PodStatus;
    if (pod && status.containerStatuses?.some((one) => one.name === container && one.state?.running)) {
      return pod.metadata.name;
    }
    if (status.phase === "Failed")
      throw new Error(`The pod failed. \`kubectl -n ${namespace} logs job/${name} --all-containers\` says why.`);
    const preparing = status.initContainerStatuses?.some(({ state }) => state?.running) === true;
    idle = preparing ? 0 : idle + 1;
    const what = preparing ? "The pod is at work" : `Waiting for the pod of ${name}`;
    if (second % 10 === 0) tell(`${what}, for ${second} s so far …`);
    await sleep(1000);
  }
  throw new Error(`The pod did not start. \`kubectl -n ${namespace} describe job/${name}\` says what is missing.`);
}

interface ContainerStatus {
  readonly name: string;
  readonly state?: { readonly running?: object };
}

interface PodStatus {
  readonly phase?: string;
  readonly initContainerStatuses?: readonly ContainerStatus[];
  readonly containerStatuses?: readonly ContainerStatus[];
}

/** Waits until a Job has succeeded. @throws Error with the next step when it fails. */
export async function completed(cluster: Cluster, { metadata }: LiveObject, tell: Tell): Promise<void> {
  const { namespace = "", name } = metadata;
  for (let second = 1; ; second += 1) {
    const job = await cluster.get(RESOURCES.Job, { namespace, name });
    if (!job) throw new Error(`Somebody deleted ${name} while it was at work. Please try again.`);
    const { succeeded = 0, failed = 0 } = (job["status"] ?? {}) as { succeeded?: number; failed?: number };
    if (succeeded > 0) return;
    if (failed > 0)
      throw new Error(`${name} failed. \`kubectl -n ${namespace} logs job/${name} --all-containers\` says why.`);
    if (second % 10 === 0) tell(`${name} is at work, for ${second} s so far …`);
    await sleep(1000);
  }
}

/** A port-forward to the pod, for each question. */
export function toPod(
  { connection, transport }: Pick<Connected, "connection" | "transport">,
  namespace: string,
  name: string,
) {
  return () => portForward({ connection, transport }, { namespace, name }, COPY_PORT);
}
