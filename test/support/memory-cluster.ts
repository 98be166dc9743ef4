import type { LiveObject, Manifest } from "../../src/manifest.ts";
import type { Cluster, Ref } from "../../src/runtime/cluster.ts";
import { ApiError } from "../../src/runtime/errors.ts";
import type { Resource } from "../../src/runtime/resources.ts";

export interface MemoryCluster extends Cluster {
  readonly objects: Map<string, LiveObject>;
  /** Calls in order: `create leases/op`. */
  readonly calls: string[];
  /** What every call does first: throw, or never end. */
  before: (call: string) => Promise<void>;
}

/** Objects in memory with names, versions and preconditions as the API server has them; for what no timing of HTTP may disturb. */
export function memoryCluster(): MemoryCluster {
  const objects = new Map<string, LiveObject>();
  let version = 0;

  async function call<T>(verb: string, resource: Resource, ref: Ref, run: (key: string) => T): Promise<T> {
    const key = `${resource.plural}/${ref.name}`;
    cluster.calls.push(`${verb} ${key}`);
    await cluster.before(`${verb} ${key}`);
    return run(key);
  }

  function store(key: string, object: Manifest, uid: string): LiveObject {
    version += 1;
    const metadata = { ...object.metadata, uid, resourceVersion: String(version), creationTimestamp: "" };
    const live = { ...object, metadata };
    objects.set(key, live);
    return live;
  }

  const refuse = () => Promise.reject(new Error("not part of this cluster"));
  const cluster: MemoryCluster = {
    objects,
    calls: [],
    before: () => Promise.resolve(),
    within: (signal) => ({
      ...cluster,
      get: aborting(cluster.get, signal),
      create: aborting(cluster.create, signal),
      mergePatch: aborting(cluster.mergePatch, signal),
    }),
    get: (resource, ref) => call("get", resource, ref, (key) => objects.get(key)),
    create: (resource, object) =>
      call("create", resource, object.metadata, (key) => {
        if (objects.has(key)) throw new ApiError(409, "exists", { reason: "AlreadyExists" });
        return store(key, object, `uid-${String(version)}`);
      }),
    mergePatch: (resource, ref, patch) =>
      call("patch", resource, ref, (key) => {
        const before = objects.get(key);
        if (!before) throw new ApiError(404, "gone");
        const { metadata, spec, ...rest } = patch as { metadata?: { resourceVersion?: string }; spec?: object };
        const wanted = metadata?.resourceVersion;
        if (wanted && wanted !== before.metadata.resourceVersion) throw new ApiError(409, "Conflict");
        const merged = { ...before, ...rest, spec: { ...(before["spec"] as object), ...spec } };
        return store(key, merged, before.metadata.uid);
      }),
    apply: refuse,
    replace: refuse,
    list: refuse,
    delete: refuse,
    served: refuse,
  };
  return cluster;
}

function aborting<A extends unknown[], T>(run: (...args: A) => Promise<T>, signal: AbortSignal) {
  return (...args: A): Promise<T> => {
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason as Error));
    });
    return Promise.race([run(...args), aborted]);
  };
}
