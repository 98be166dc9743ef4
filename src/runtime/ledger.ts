import type { LiveObject, Manifest } from "../manifest.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { Cache, Ref } from "./cluster.ts";
import { reached } from "./resource-version.ts";
import type { Resource } from "./resources.ts";

/** What was last known to be right about one object. */
export interface Entry {
  readonly hash: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** Differences that an apply did not remove (another notation, a mutating webhook): not worth a second one. */
  readonly accepted: string;
}

/** Remembers per object what was applied, so that a steady state needs neither a comparison nor a write. */
export interface Ledger {
  get(object: Manifest): Entry | undefined;
  set(object: Manifest, entry: Entry): void;
  /** The cache must reach this version before it may be believed. */
  expect(resource: Resource, live: LiveObject): void;
  /** True when the cache has seen every write of ours in this namespace. */
  settled(namespace: string): boolean;
  /** What the cache has not shown `ms` after it was written. */
  overdue(namespace: string, ms: number): readonly Expected[];
  /** Stops waiting for one. */
  giveUp(expected: Expected): void;
  /** We delete it ourselves. */
  drop(object: Manifest): void;
  /** We have deleted it. */
  deleted(live: LiveObject): void;
  /** Whether we have deleted it less than `ms` ago, and the cache has not heard of that yet. */
  isDeleted(live: LiveObject, ms: number): boolean;
  forget(namespace: string): void;
}

/** A write that the cache has to show. */
export interface Expected {
  readonly resource: Resource;
  readonly ref: Ref;
  readonly resourceVersion: string;
  /** When it was written, by the clock. */
  readonly since: number;
}

interface NamespaceLedger {
  readonly entries: Map<string, Entry>;
  readonly expected: Map<string, Expected>;
  /** When what we deleted was deleted, by uid. */
  readonly deleted: Map<string, number>;
}

/**
 * Objects that the cache reports deleted are forgotten by themselves.
 * @param onLost told of each object that somebody else deleted.
 */
export function createLedger(
  cache: Cache,
  onLost: (object: LiveObject) => void = () => undefined,
  clock: Pick<Clock, "now"> = systemClock,
): Ledger {
  const namespaces = new Map<string, NamespaceLedger>();

  function within(namespace = ""): NamespaceLedger {
    const found = namespaces.get(namespace) ?? { entries: new Map(), expected: new Map(), deleted: new Map() };
    namespaces.set(namespace, found);
    return found;
  }

  cache.onEvent(({ type, object }) => {
    if (type !== "deleted") return;
    const ledger = namespaces.get(object.metadata.namespace ?? "");
    ledger?.deleted.delete(object.metadata.uid);
    const expected = ledger?.expected.get(keyOf(object));
    // A delete that is older than our write is news about the object's predecessor.
    if (expected && !reached(object.metadata.resourceVersion, expected.resourceVersion)) return;
    ledger?.expected.delete(keyOf(object));
    if (ledger?.entries.get(keyOf(object))?.uid === object.metadata.uid) {
      ledger.entries.delete(keyOf(object));
      onLost(object);
    }
    if (ledger && ledger.entries.size + ledger.expected.size + ledger.deleted.size === 0)
      namespaces.delete(object.metadata.namespace ?? "");
  });

  return {
    get: (object) => namespaces.get(object.metadata.namespace ?? "")?.entries.get(keyOf(object)),
    set: (object, entry) => void within(object.metadata.namespace).entries.set(keyOf(object), entry),
    expect(resource, live) {
      if (!cache.serves(resource)) return;
      const { namespace, name, resourceVersion, deletionTimestamp, finalizers = [] } = live.metadata;
      // It went with its last finalizer, which the watch may have told before the answer to the write came.
      if (deletionTimestamp !== undefined && finalizers.length === 0) return;
      const ref = namespace === undefined ? { name } : { namespace, name };
      within(namespace).expected.set(keyOf(live), { resource, ref, resourceVersion, since: clock.now() });
    },
    settled(namespace) {
      const expected = namespaces.get(namespace)?.expected;
      for (const [key, { resource, ref, resourceVersion }] of expected ?? []) {
        const seen = cache.get(resource, ref)?.metadata.resourceVersion;
        if (seen !== undefined && reached(seen, resourceVersion)) expected?.delete(key);
      }
      return !expected || expected.size === 0;
    },
    overdue(namespace, ms) {
      const all = [...(namespaces.get(namespace)?.expected.values() ?? [])];
      return all.filter(({ since }) => clock.now() - since >= ms);
    },
    giveUp: ({ resource: { kind }, ref: { namespace = "", name } }) =>
      void namespaces.get(namespace)?.expected.delete(`${kind}/${name}`),
    drop: (object) => void namespaces.get(object.metadata.namespace ?? "")?.entries.delete(keyOf(object)),
    deleted: ({ metadata }) => void within(metadata.namespace).deleted.set(metadata.uid, clock.now()),
    isDeleted({ metadata: { namespace = "", uid } }, ms) {
      const since = namespaces.get(namespace)?.deleted.get(uid);
      return since !== undefined && clock.now() - since < ms;
    },
    forget: (namespace) => void namespaces.delete(namespace),
  };
}

function keyOf(object: Pick<Manifest, "apiVersion" | "kind" | "metadata">): string {
  return `${object.kind}/${object.metadata.name}`;
}
