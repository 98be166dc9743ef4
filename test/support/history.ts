import { LABEL } from "../../src/api/group.ts";
import { PRACTICES } from "../../src/controller/kinds.ts";
import type { LiveObject } from "../../src/manifest.ts";
import { lines } from "../../src/runtime/lines.ts";
import { pathOf, RESOURCES } from "../../src/runtime/resources.ts";
import { apiClient, type Connection } from "../bed/api.ts";
import { waitFor } from "../bed/wait.ts";
import type { Hand } from "./own-cluster.ts";

/** What an API server told of one object. */
export interface Happening {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: LiveObject;
}

export interface History {
  /** All that has happened so far, in the one order that a cluster has: no state is left out. */
  told(): Promise<readonly Happening[]>;
  end(): Promise<void>;
}

const { Namespace, NetworkPolicy, Deployment, StatefulSet, Job, CronJob, Pod } = RESOURCES;
const OURS = `labelSelector=${LABEL.practice}=greenriver`;

/**
 * Follows a practice's status, its walls and what they guard, and what becomes of its namespace: from its
 * beginning on, or from resource version `from`, because the API server forgets older ones after some minutes.
 */
export async function follow(connection: Connection, hand: Hand, namespace: string, from?: string): Promise<History> {
  const client = apiClient(connection);
  const stop = new AbortController();
  const happened: Happening[] = [];
  const since = from ?? (await hand.get(Namespace, { name: namespace }))?.metadata.resourceVersion;
  let brokenOff: Error | undefined;

  async function take(chunks: AsyncIterable<Buffer>): Promise<void> {
    for await (const line of lines(chunks)) {
      const { type, object } = JSON.parse(line) as Happening | { type: "ERROR"; object: unknown };
      if (type === "ERROR") throw new Error(line);
      happened.push({ type, object });
    }
    throw new Error("The API server has ended a watch; what happened since is not known.");
  }
  async function watch(path: string, query: string): Promise<void> {
    const chunks = await client.stream(`${path}?watch=1&resourceVersion=${since}&${query}`, stop.signal);
    take(chunks).catch((error: Error) => void (brokenOff ??= error));
  }
  await Promise.all([
    watch(pathOf(Namespace), `fieldSelector=metadata.name=${namespace}`),
    watch(pathOf(PRACTICES, { namespace }), "fieldSelector=metadata.name=greenriver"),
    ...[NetworkPolicy, Deployment, StatefulSet, Job, CronJob, Pod].map((kind) =>
      watch(pathOf(kind, { namespace }), OURS),
    ),
  ]);

  async function areWallsTold(): Promise<boolean> {
    const standing = (await hand.list(NetworkPolicy, namespace)).filter(
      ({ metadata }) => metadata.labels?.[LABEL.practice] === "greenriver",
    );
    const told = new Set(happened.map(({ object }) => object.metadata.resourceVersion));
    return standing.every(({ metadata }) => told.has(metadata.resourceVersion));
  }

  return {
    async told() {
      if (brokenOff) throw brokenOff;
      const now = Math.max(0, ...happened.map(at));
      // Each kind is told of by itself: a wall that comes later than what it guards would be taken for missing.
      await waitFor(areWallsTold, { what: "all walls to be told of" });
      return happened.filter((each) => at(each) <= now).toSorted((one, other) => at(one) - at(other));
    },
    async end() {
      stop.abort();
      await client.close();
    },
  };
}

/** A cluster counts its writes, whatever they are about. */
function at({ object }: Happening): number {
  return Number(object.metadata.resourceVersion);
}
