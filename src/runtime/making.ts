import type { LiveObject, Manifest } from "../manifest.ts";
import type { Logger } from "../telemetry/logger.ts";
import { type Change, NameTaken, refOf } from "./changes.ts";
import type { Cache, Cluster } from "./cluster.ts";
import { drift, fingerprint, hashOf, isOfSealed } from "./drift.ts";
import type { Fights } from "./fights.ts";
import type { Ledger } from "./ledger.ts";
import { asApplied, hasLeftovers, isUpdatedBy, managersOf } from "./managed-fields.ts";
import { guarded, isRefusedByGuard } from "./precondition.ts";
import { reached } from "./resource-version.ts";
import { resourceOf } from "./resources.ts";

/** What one call of `apply` works with. */
export interface Run {
  readonly cluster: Cluster;
  readonly ours: (live: LiveObject) => boolean;
  readonly longestFightMs: number;
}

/** An object to be made so: its hash, and the differences that an earlier apply of it did not remove. */
interface Task {
  readonly desired: Manifest;
  readonly hash: string;
  readonly tolerated: string;
}

/** Makes one object as it is wanted: what is as it should be costs no request, most of what is not costs one. */
export function createMaker(options: {
  readonly cache: Cache;
  readonly ledger: Ledger;
  readonly fights: Fights;
  /** Our field manager. */
  readonly manager: string;
  readonly logger: Logger;
}): (desired: Manifest, run: Run) => Promise<Change> {
  const { cache, ledger, fights, manager, logger } = options;

  async function applyOne(desired: Manifest, run: Run): Promise<Change> {
    const before = ledger.get(desired)?.hash;
    const change = await makeSo(desired, run);
    const again = change.action === "configured" && before === hashOf(desired);
    if (again || change.tookOverFrom) fights.fought(desired, change.tookOverFrom);
    return change;
  }

  /** What the cache tells is enough to write safely: see `guarded`. Only when the server objects, it is read. */
  async function makeSo(desired: Manifest, run: Run): Promise<Change> {
    const resource = resourceOf(desired);
    const hash = hashOf(desired);
    const ref = refOf(desired);
    const entry = ledger.get(desired);
    const cached = cache.get(resource, ref);
    const same = entry?.hash === hash;
    if (cached && !run.ours(cached)) throw new NameTaken(desired);
    if (cached && same && entry.uid === cached.metadata.uid) {
      // An older version in the cache is one from before our write.
      if (reached(entry.resourceVersion, cached.metadata.resourceVersion)) return { object: ref, action: "unchanged" };
    }
    const task = { desired, hash, tolerated: same ? entry.accepted : "" };
    const found = cached ? drift(desired, cached) : [];
    const whole = cached !== undefined && cache.holds(resource, ref) === "whole";
    if (whole && (!entry || same) && fingerprint(found) === task.tolerated) return unchanged(task, cached);
    const wait = !entry || same ? fights.wait(desired, run.longestFightMs) : 0;
    if (wait > 0) return { object: ref, action: "contested", waitMs: wait, rivals: fights.rivals(desired) };
    // What we made and the cache does not show is on its way to it, or of a kind that it does not hold.
    const known = cached ? whole && !isUpdatedBy(cached, manager) : cache.serves(resource) && !entry;
    // To say who made what is sealed, it must be read before it goes.
    if (!known || (cached && isOfSealed(found, desired, cached))) return repair(task, run);
    try {
      if (!cached) return await create(task, run);
      return written(
        task,
        await run.cluster.apply(resource, guarded(desired, cached), { manager, force: false }),
        cached,
      );
    } catch (error) {
      if (!isRefusedByGuard(error)) throw error;
      return repair(task, run);
    }
  }

  /** Compares with the server's own object, and takes over what differs. */
  async function repair(task: Task, run: Run): Promise<Change> {
    const { desired, tolerated } = task;
    const resource = resourceOf(desired);
    const live = await run.cluster.get(resource, refOf(desired));
    if (!live) return create(task, run);
    if (!run.ours(live)) throw new NameTaken(desired);
    const found = drift(desired, live);
    if (fingerprint(found) === tolerated && !hasLeftovers(live, desired, manager)) {
      ledger.expect(resource, live);
      return unchanged(task, live);
    }
    const change = await (isOfSealed(found, desired, live) ? makeAnew : takeOver)(task, run, live);
    const paths = found.map(({ path }) => path);
    const others = change.action === "configured" ? managersOf(live, desired, paths, manager) : [];
    return others.length > 0 ? { ...change, tookOverFrom: others } : change;
  }

  /** Costs the server a fifth less than an apply, and never touches what is there (docs/decisions/0046). */
  async function create(task: Task, { cluster }: Run, inPlaceOf?: LiveObject): Promise<Change> {
    const made = await cluster.create(resourceOf(task.desired), task.desired, manager, { repeatable: true });
    return written(task, made, inPlaceOf);
  }

  /** Nothing can be written to it: somebody deleted ours and made this one in its place. */
  async function makeAnew(task: Task, run: Run, live: LiveObject): Promise<Change> {
    const { uid } = live.metadata;
    ledger.drop(task.desired);
    await run.cluster.delete(resourceOf(live), refOf(live), { uid, propagation: "Background" });
    return { ...(await create(task, run, live)), inPlaceOf: live };
  }

  async function takeOver(task: Task, { cluster }: Run, live: LiveObject): Promise<Change> {
    await declareApplied(cluster, live);
    const wanted = guarded(task.desired, live);
    return written(task, await cluster.apply(resourceOf(live), wanted, { manager, force: true }), live);
  }

  /**
   * An apply takes away only what an apply has set, so what we made or patched has to count as that first. Whatever version it is in
   * by now: who writes to it all the time would keep us from it. He loses that he was the last to write something, nothing else.
   */
  async function declareApplied(cluster: Cluster, live: LiveObject): Promise<void> {
    const managedFields = asApplied(live, manager);
    if (!managedFields) return;
    const patch = { metadata: { uid: live.metadata.uid, managedFields } };
    await cluster.mergePatch(resourceOf(live), refOf(live), patch, manager);
  }

  function written(task: Task, applied: LiveObject, before: LiveObject | undefined): Change {
    const { desired, hash } = task;
    const accepted = fingerprint(drift(desired, applied));
    ledger.expect(resourceOf(desired), applied);
    remember(desired, hash, applied, accepted);
    const object = refOf(desired);
    if (applied.metadata.resourceVersion === before?.metadata.resourceVersion) return { object, action: "unchanged" };
    const action = before ? "configured" : "created";
    logger.debug({ object, action }, "applied");
    return { object, action };
  }

  function unchanged({ desired, hash, tolerated }: Task, live: LiveObject): Change {
    remember(desired, hash, live, tolerated);
    return { object: refOf(desired), action: "unchanged" };
  }

  function remember(desired: Manifest, hash: string, { metadata }: LiveObject, accepted: string): void {
    ledger.set(desired, { hash, uid: metadata.uid, resourceVersion: metadata.resourceVersion, accepted });
  }

  return applyOne;
}
