import type { LiveObject, Manifest } from "../manifest.ts";
import type { Resource } from "./resources.ts";

/** Which object: `namespace` is absent for cluster-scoped kinds. */
export interface Ref {
  readonly namespace?: string;
  readonly name: string;
}

export interface ApplyOptions {
  readonly manager: string;
  /** Take fields over from other managers; ours are promises, so they must win. */
  readonly force: boolean;
  readonly dryRun?: boolean;
  readonly subresource?: "status";
}

/**
 * The API server, narrowed to what the operator does. Sends and returns raw JSON.
 * Every method throws `ApiError` (runtime/errors.ts) for an answer that is not a success,
 * after bounded retries of what may be repeated (connection lost, 429 with its Retry-After, 500, 502, 503, 504).
 * No answer at all is an `ApiError` with status 0 and reason `Unreachable`.
 */
export interface Cluster {
  /** `undefined` when it does not exist. */
  get(resource: Resource, ref: Ref): Promise<LiveObject | undefined>;
  /** All pages. */
  list(resource: Resource, options?: { namespace?: string; labelSelector?: string }): Promise<LiveObject[]>;
  /**
   * POST. A 409 with reason AlreadyExists is thrown like any other. `repeatable` sends it again when nobody knows whether it had
   * an effect: then what exists may be the answer to the first one.
   */
  create(
    resource: Resource,
    object: Manifest,
    manager: string,
    options?: { readonly repeatable?: boolean },
  ): Promise<LiveObject>;
  /** Server-side apply with `fieldValidation=Strict`. */
  apply(resource: Resource, object: Manifest, options: ApplyOptions): Promise<LiveObject>;
  /** PUT, if it still is in the version that the object names. */
  replace(
    resource: Resource,
    object: LiveObject,
    options: Pick<ApplyOptions, "manager" | "dryRun">,
  ): Promise<LiveObject>;
  /** JSON merge patch; put `metadata.resourceVersion` in the patch as a precondition. */
  mergePatch(resource: Resource, ref: Ref, patch: object, manager: string): Promise<LiveObject>;
  /** Deletes exactly the object with this uid. An object that is gone or another one is a success. */
  delete(
    resource: Resource,
    ref: Ref,
    options: {
      uid: string;
      resourceVersion?: string;
      gracePeriodSeconds?: number;
      propagation?: "Background" | "Foreground";
    },
  ): Promise<void>;
  /** Plural names that a group version serves; empty when the group is not there. */
  served(group: string, version: string): Promise<ReadonlySet<string>>;
  /** The same API server; its calls end with the signal's reason when the signal fires. */
  within(signal: AbortSignal): Cluster;
}

/** What changed in a cache. */
export interface CacheEvent {
  readonly type: "added" | "modified" | "deleted";
  readonly resource: Resource;
  readonly object: LiveObject;
}

/** One kind to keep in memory. */
export interface CachedKind {
  readonly resource: Resource;
  readonly labelSelector?: string;
  /** Ask the server for metadata only: Secrets' contents are never held. */
  readonly metadataOnly?: boolean;
  /** Drops what nobody reads before it is kept; what differs only in that is told to nobody. */
  readonly project?: (object: LiveObject) => LiveObject;
  /** Which objects to keep. Such a kind is listed when those without a choice are, because it may depend on them. */
  readonly keeps?: (object: LiveObject) => boolean;
  /** Many objects hold the same files, which are held once. */
  readonly alike?: boolean;
  /** Objects with this label are known by their metadata at first: their contents come when `Cache.readContents` asks for them. */
  readonly contentsLater?: string;
  /** The kind may be missing from the cluster; it is watched from when it is served. */
  readonly optional?: boolean;
  /** Nothing is made or repaired by it: without the right to read it, all else goes on. */
  readonly advisory?: boolean;
}

/** Watched objects in memory. Reads are synchronous and never go to the server; objects are read-only. */
export interface Cache {
  get(resource: Resource, ref: Ref): LiveObject | undefined;
  list(resource: Resource, namespace?: string): readonly LiveObject[];
  /** False for an optional kind that the cluster does not serve, or is about to serve no more. */
  serves(resource: Resource): boolean;
  /**
   * Why what is held of a kind may be wrong by now: the server's words when it refuses the right to read it, in this namespace
   * or everywhere.
   */
  unread(resource: Resource, namespace?: string): string | undefined;
  /**
   * Whether all that the server has of this kind was known here a moment ago. A quiet watch is told so each minute; one that is
   * cut, refused, silent or goes on from where it was may lag behind.
   */
  isCurrent(resource: Resource, namespace?: string): boolean;
  /** How much of an object is in memory: `part` when it is projected or metadata only. */
  holds(resource: Resource, ref: Ref): "whole" | "part" | "nothing";
  /**
   * Reads what a start has left out of this namespace (see `CachedKind.contentsLater`). Afterwards nothing is missing for as long
   * as the cache lives.
   * @throws ApiError
   */
  readContents(namespace: string, signal: AbortSignal): Promise<void>;
  /** Every served kind has been listed. */
  readonly synced: boolean;
  /** Takes in what was read from the server beside the watch, unless something newer is known. */
  learn(resource: Resource, live: LiveObject): void;
  /** Called for each change after the cache holds it. A listener that throws is logged, never fatal. */
  onEvent(listener: (event: CacheEvent) => void): void;
}
