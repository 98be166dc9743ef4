import type { Assets } from "../assets.ts";
import type { PracticeSpec } from "../api/practice.ts";
import type { Config } from "../config.ts";
import { FIELD_MANAGER } from "../api/group.ts";
import type { Await } from "../components/component.ts";
import { describe, type LiveObject, type Manifest } from "../manifest.ts";
import { defaultIdentity, resolve } from "../practice/resolve.ts";
import { render } from "../render/render.ts";
import type { Cache, Cluster } from "../runtime/cluster.ts";
import { ApiError } from "../runtime/errors.ts";
import { isUpdatedBy, withoutOwn } from "../runtime/managed-fields.ts";
import { overlay } from "../runtime/overlay.ts";
import { resourceOf } from "../runtime/resources.ts";
import { superfluousChildren } from "./apply-plan.ts";
import { knownBirth } from "./birth.ts";
import { PRACTICES } from "./kinds.ts";
import { createLookup } from "./lookup.ts";
import { observe } from "./observe.ts";

/** What would become of one object. */
export interface PlannedChange {
  readonly object: string;
  readonly action: "create" | "change" | "same" | "remove";
  /** The object before and after, without what the server keeps for itself; equal when nothing changes. */
  readonly before?: Manifest;
  readonly after?: Manifest;
}

export interface PracticePlan {
  readonly changes: readonly PlannedChange[];
  readonly awaits: readonly Await[];
}

/**
 * What the operator would do for this practice, were nothing held back. Writes nothing: each object is a server-side
 * dry run, so `after` is what the API server itself would make of it.
 * @throws ApiError when the server refuses an object; its message names the field.
 */
export async function planPractice(
  { cluster, cache, config, assets }: { cluster: Cluster; cache: Cache; config: Config; assets: Assets },
  { resource, spec }: { resource: Manifest & { metadata: { namespace: string } }; spec: PracticeSpec },
): Promise<PracticePlan> {
  const { namespace, name } = resource.metadata;
  const live = cache.get(PRACTICES, { namespace, name });
  const known = knownBirth(cache, namespace, name);
  const born = { secrets: known.secrets, identity: known.identity ?? defaultIdentity(namespace, name, spec) };
  const practice = resolve({
    resource: {
      ...resource,
      metadata: {
        ...resource.metadata,
        ...(live && { uid: live.metadata.uid, generation: live.metadata.generation ?? 1 }),
      },
    },
    spec,
    options: config,
    identity: born.identity,
  });
  const observed = await observe({ cluster, cache, lookup: createLookup() }, practice, born);
  const rendering = render({ practice, observed, assets });
  const changes: PlannedChange[] = [];
  for (const desired of rendering.manifests) changes.push(await planObject(cluster, desired));
  const removed = superfluousChildren(cache, practice, rendering, { now: rendering.manifests, withdraw: false });
  return {
    changes: [...changes, ...removed.map((object): PlannedChange => ({ object: describe(object), action: "remove" }))],
    awaits: rendering.awaits,
  };
}

/** @throws Error with the object's name when the server would refuse it. */
export async function planObject(cluster: Cluster, desired: Manifest): Promise<PlannedChange> {
  const resource = resourceOf(desired);
  const { namespace, name } = desired.metadata;
  const live = await cluster.get(resource, { ...(namespace && { namespace }), name });
  const object = describe(desired);
  if (!live) return { object, action: "create", after: desired };
  const dry = await tried(cluster, desired, live).catch(named(object));
  const [before, after] = [settled(live), settled(dry)];
  const same = JSON.stringify(before) === JSON.stringify(after);
  return same ? { object, action: "same" } : { object, action: "change", before, after };
}

/**
 * What the server would make of it. That what was made by POST counts as applied cannot be tried (docs/decisions/0046), so what an
 * apply would leave is put together here, and tried as a whole.
 */
function tried(cluster: Cluster, desired: Manifest, live: LiveObject): Promise<LiveObject> {
  const resource = resourceOf(desired);
  const options = { manager: FIELD_MANAGER, force: true, dryRun: true };
  if (!isUpdatedBy(live, FIELD_MANAGER)) return cluster.apply(resource, desired, options);
  const wanted = overlay(withoutOwn(live, desired, FIELD_MANAGER), desired) as LiveObject;
  return cluster.replace(resource, wanted, options);
}

/** Without what changes by itself. */
function settled({ metadata, status: _status, ...rest }: LiveObject): Manifest {
  const { uid, resourceVersion, generation, creationTimestamp, managedFields, ...kept } =
    metadata as typeof metadata & {
      managedFields?: unknown;
    };
  void [uid, resourceVersion, generation, creationTimestamp, managedFields];
  return { ...rest, metadata: kept };
}

function named(object: string) {
  return (error: unknown): never => {
    if (error instanceof ApiError) throw new Error(`${object} would be refused: ${error.message}`);
    throw error;
  };
}
