import { isDeepStrictEqual } from "node:util";
import type { LiveObject } from "../manifest.ts";
import type { CachedKind, CacheEvent, Ref } from "./cluster.ts";
import { reached } from "./resource-version.ts";

/** The objects of one kind, by namespace and name. */
export interface Store {
  get(ref: Ref): LiveObject | undefined;
  list(namespace?: string): readonly LiveObject[];
  /** Adds or replaces; nothing happens when a version as new or newer is there, but for what was missing of it. */
  put(object: LiveObject): void;
  /** Like `put`, for an object of which there is only the metadata yet. */
  putPart(object: LiveObject): void;
  /** Whether an object that is there is only its metadata. */
  isPart(object: LiveObject): boolean;
  /** Adds or replaces, also a newer version; nothing happens when it is the same. */
  replace(object: LiveObject): void;
  /** Nothing happens when a newer one is there: it was made in the place of the one that went. */
  remove(object: LiveObject): void;
  /**
   * Removes what a complete list of this scope (one namespace, or all) did not contain: deletes that were missed.
   * @param upTo the version of the list: what is newer was learnt meanwhile, and stays. Without it nothing stays.
   * @param breathe is called after each object: see `createBreather`.
   */
  retain(
    listed: ReadonlySet<string>,
    scope: string | undefined,
    upTo: string | undefined,
    breathe: () => Promise<void> | undefined,
  ): Promise<void>;
  readonly size: number;
}

/**
 * @param notify is told after the store holds the change. Of a kind that is kept in part, a version that differs in nothing
 *   that is kept is no change: a node tells every few minutes that it is alive, and that concerns nobody.
 */
export function createStore(
  { resource, project }: Pick<CachedKind, "resource" | "project">,
  notify: (event: CacheEvent) => void,
): Store {
  const namespaces = new Map<string, Map<string, LiveObject>>();
  const inPart = new WeakSet<LiveObject>();
  let size = 0;

  function inNamespace(namespace = ""): ReadonlyMap<string, LiveObject> | undefined {
    return namespaces.get(namespace);
  }

  function all(): LiveObject[] {
    return [...namespaces.values()].flatMap((objects) => [...objects.values()]);
  }

  function drop(object: LiveObject): void {
    const { namespace = "", name } = object.metadata;
    const objects = namespaces.get(namespace);
    if (!objects?.delete(name)) return;
    size -= 1;
    if (objects.size === 0) namespaces.delete(namespace);
    notify({ type: "deleted", resource, object });
  }

  function replace(object: LiveObject): void {
    const { namespace = "", name, resourceVersion } = object.metadata;
    const objects = namespaces.get(namespace) ?? new Map<string, LiveObject>();
    const before = objects.get(name);
    if (before?.metadata.resourceVersion === resourceVersion) {
      if (inPart.has(before)) objects.set(name, object);
      return;
    }
    namespaces.set(namespace, objects.set(name, object));
    if (!before) size += 1;
    if (before && project && isSameButForVersion(before, object)) return;
    notify({ type: before ? "modified" : "added", resource, object });
  }

  function put(object: LiveObject): void {
    if (!isOutdated(object)) replace(object);
  }

  /** Whether what is held is newer than this. */
  function isOutdated({ metadata: { namespace, name, resourceVersion } }: LiveObject): boolean {
    const held = inNamespace(namespace)?.get(name)?.metadata.resourceVersion;
    return held !== undefined && held !== resourceVersion && reached(held, resourceVersion);
  }

  return {
    get: (ref) => inNamespace(ref.namespace)?.get(ref.name),
    list: (namespace) => (namespace === undefined ? all() : [...(inNamespace(namespace)?.values() ?? [])]),
    put,
    putPart(object) {
      inPart.add(object);
      put(object);
    },
    isPart: (object) => inPart.has(object),
    replace,
    remove(object) {
      if (!isOutdated(object)) drop(object);
    },
    async retain(listed, scope, upTo, breathe) {
      const present = scope === undefined ? all() : [...(inNamespace(scope)?.values() ?? [])];
      for (const object of present) {
        const isOlder = upTo === undefined || reached(upTo, object.metadata.resourceVersion);
        if (isOlder && !listed.has(keyOf(object))) drop(object);
        await breathe();
      }
    },
    get size() {
      return size;
    },
  };
}

function isSameButForVersion(before: LiveObject, now: LiveObject): boolean {
  const { resourceVersion } = before.metadata;
  return isDeepStrictEqual(before, { ...now, metadata: { ...now.metadata, resourceVersion } });
}

/** `namespace/name`; `/name` for a cluster-scoped object. */
export function keyOf(object: { readonly metadata: { readonly namespace?: string; readonly name: string } }): string {
  return `${object.metadata.namespace ?? ""}/${object.metadata.name}`;
}
