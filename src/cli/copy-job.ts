import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { addAbortSignal, type Duplex, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { COPY_PORT, DIGEST_HEADER } from "../copy/part.ts";
import type { LiveObject, Manifest } from "../manifest.ts";
import type { Cluster } from "../runtime/cluster.ts";
import { ApiError } from "../runtime/errors.ts";
import { portForward } from "../runtime/port-forward.ts";
import { RESOURCES } from "../runtime/resources.ts";
import type { Connected } from "./connect.ts";

const MANAGER = "telehealth-copy";
const LONGEST_START_SECONDS = 300;

/** Says what goes on; a sentence. */
export type Tell = (sentence: string) => void;

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

/** Talks HTTP with the pod of a Job, one connection for each question. Whatever goes on ends with the signal. */
export function otherHalf(connect: () => Promise<Duplex>, token: string, signal?: AbortSignal): Other {
  const ask = async (method: string, path: string, body?: Readable, sha256?: string): Promise<Readable> => {
    const connection = await connect();
    if (signal) addAbortSignal(signal, connection);
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          method,
          path,
          createConnection: () => connection,
          headers: {
            host: "localhost",
            connection: "close",
            authorization: `Bearer ${token}`,
            ...(sha256 && { [DIGEST_HEADER]: sha256 }),
          },
        },
        (response) => {
          const status = response.statusCode ?? 0;
          if (status >= 200 && status < 300) return resolve(response);
          response.resume();
          return reject(new Error(REFUSALS[status] ?? `The pod answered ${status}. Please try again.`));
        },
      );
      sent.on("error", reject);
      sent.on("close", () => connection.destroy());
      if (body) pipeline(body, sent).catch(reject);
      else sent.end();
    });
  };
  return {
    get: (path) => ask("GET", path),
    put: async (path, body, sha256) => void (await ask("PUT", path, body, sha256)).resume(),
    post: async (path) => void (await ask("POST", path)).resume(),
  };
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

/** Makes objects, and knows how to take exactly those away again, the last one first. */
export function made(cluster: Cluster) {
  const objects: { resource: Parameters<Cluster["delete"]>[0]; live: LiveObject }[] = [];
  return {
    async create(resource: Parameters<Cluster["create"]>[0], object: Manifest): Promise<LiveObject> {
      const live = await cluster.create(resource, object, MANAGER);
      objects.push({ resource, live });
      return live;
    },
    /** Also what an earlier, interrupted command left under the name. */
    async replace(resource: Parameters<Cluster["create"]>[0], object: Manifest): Promise<LiveObject> {
      try {
        return await this.create(resource, object);
      } catch (error) {
        if (!(error instanceof ApiError && error.reason === "AlreadyExists")) throw error;
        const ref = { namespace: object.metadata.namespace ?? "", name: object.metadata.name };
        const left = await cluster.get(resource, ref);
        if (left) await cluster.delete(resource, ref, { uid: left.metadata.uid, propagation: "Background" });
        return this.create(resource, object);
      }
    },
    async remove(which: (live: LiveObject) => boolean = () => true): Promise<void> {
      for (const { resource, live } of objects.toReversed().filter(({ live }) => which(live))) {
        const { namespace = "", name, uid } = live.metadata;
        await cluster.delete(resource, { namespace, name }, { uid, propagation: "Background" });
      }
    },
  };
}
