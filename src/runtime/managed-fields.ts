import type { LiveObject } from "../manifest.ts";
import { mergeKeys, type Path } from "./differences.ts";

/** An entry of `metadata.managedFields`: who said which fields last. */
export interface ManagedFieldsEntry {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion?: string;
  readonly subresource?: string;
  readonly fieldsV1?: FieldSet;
}

/** Fields as `f:name`, items of merged lists as `k:{"name":"a"}`, of sets as `v:"a"`, and `.` for the thing itself. */
type FieldSet = { readonly [step: string]: FieldSet };

/** The managers, other than `ours`, that last set one of these fields. */
export function managersOf(live: LiveObject, desired: object, paths: readonly Path[], ours: string): string[] {
  const others = entries(live).filter(({ manager }) => manager !== ours);
  const owning = others.filter(({ fieldsV1 = {} }) => paths.some((path) => owns(fieldsV1, desired, path)));
  return [...new Set(owning.map(({ manager }) => manager))].toSorted();
}

/** True when the manager's last apply set fields that `desired` no longer has: only another apply removes them. */
export function hasLeftovers(live: LiveObject, desired: object, manager: string): boolean {
  const applied = entriesOf(live, manager).filter(({ operation }) => operation === "Apply");
  return applied.some(({ fieldsV1 = {} }) => !leftovers(fieldsV1, desired, desired).next().done);
}

/** Whether the manager has made or patched the object: what it set so, no apply takes away. Tells it of a condensed one, too. */
export function isUpdatedBy(live: LiveObject, manager: string): boolean {
  return entriesOf(live, manager).some(({ operation }) => operation === "Update");
}

/**
 * The object's `managedFields` as if the manager had applied all that it set, for a patch (client-go does the same, `csaupgrade`).
 * @returns undefined when it has, or set it in another version of the kind.
 */
export function asApplied(live: LiveObject, manager: string): readonly ManagedFieldsEntry[] | undefined {
  const mine = entriesOf(live, manager).filter(({ apiVersion }) => apiVersion === live.apiVersion);
  const made = mine.find(({ operation }) => operation === "Update");
  if (!made) return undefined;
  const fieldsV1 = mine.map((entry) => entry.fieldsV1 ?? {}).reduce(union);
  return [{ ...made, operation: "Apply", fieldsV1 }, ...entries(live).filter((entry) => !mine.includes(entry))];
}

/** The object without what the manager has set in any way and `desired` does not have; the server's defaults go as well. */
export function withoutLeftovers(live: LiveObject, desired: object, manager: string): LiveObject {
  const rest = structuredClone(live);
  for (const { fieldsV1 = {} } of entriesOf(live, manager)) {
    for (const remove of leftovers(fieldsV1, desired, rest)) remove();
  }
  return rest;
}

/** The object with as much of `managedFields` as `isUpdatedBy` reads, `updated`; the rest is half of an object's memory. */
export function condensed(live: LiveObject, manager: string, updated: readonly ManagedFieldsEntry[]): LiveObject {
  const { managedFields, ...rest } = live.metadata as Managed;
  if (!managedFields) return live;
  const metadata: Managed = isUpdatedBy(live, manager) ? { ...rest, managedFields: updated } : rest;
  return { ...live, metadata };
}

type Managed = LiveObject["metadata"] & { readonly managedFields?: readonly ManagedFieldsEntry[] };

function entries({ metadata }: LiveObject): readonly ManagedFieldsEntry[] {
  return (metadata as Managed).managedFields ?? [];
}

function entriesOf(live: LiveObject, manager: string): readonly ManagedFieldsEntry[] {
  return entries(live).filter((entry) => entry.manager === manager && !entry.subresource);
}

function union(one: FieldSet, other: FieldSet): FieldSet {
  const both = Object.entries(other).map(([step, set]) => [step, union(one[step] ?? {}, set)]);
  return { ...one, ...(Object.fromEntries(both) as FieldSet) };
}

function owns(fields: FieldSet, desired: unknown, path: Path): boolean {
  let set: FieldSet | undefined = fields;
  let value = desired;
  for (const [index, step] of path.entries()) {
    // What is replaced as a whole has one owner, at its root.
    if (index > 0 && Object.keys(set).length === 0) return true;
    set = typeof step === "string" ? set[`f:${step}`] : itemSet(set, value, step, path.slice(0, index));
    if (!set) return false;
    value = (value as Readonly<Record<string | number, unknown>> | undefined)?.[step];
  }
  return true;
}

function itemSet(set: FieldSet, list: unknown, index: number, path: Path): FieldSet | undefined {
  const item = (list as readonly unknown[])[index];
  const keys = mergeKeys(list as readonly unknown[], path);
  const step = Object.keys(set).find((candidate) =>
    keys ? candidate.startsWith("k:") && matches(item, candidate) : candidate === `v:${JSON.stringify(item)}`,
  );
  return step === undefined ? undefined : set[step];
}

/** What is in the set and not wanted, each as what takes it away from `live`. */
function* leftovers(set: FieldSet, desired: unknown, live: unknown): Generator<() => void> {
  for (const [step, below] of Object.entries(set)) {
    if (step === ".") continue;
    const [wanted, there] = [find(desired, step), find(live, step)];
    if (wanted === undefined) yield () => remove(live, step);
    else yield* leftovers(below, wanted, there);
  }
}

/** A field, or an item of a list. */
function find(value: unknown, step: string): unknown {
  if (step.startsWith("f:")) return (value as Readonly<Record<string, unknown>> | null | undefined)?.[step.slice(2)];
  return Array.isArray(value) ? (value as unknown[]).find((item) => isStep(item, step)) : undefined;
}

function remove(value: unknown, step: string): void {
  if (step.startsWith("f:")) Reflect.deleteProperty(Object(value) as object, step.slice(2));
  else if (Array.isArray(value)) value.splice(0, value.length, ...value.filter((item) => !isStep(item, step)));
}

function isStep(item: unknown, step: string): boolean {
  return step.startsWith("k:") ? matches(item, step) : item === JSON.parse(step.slice(2));
}

/** Whether the item has the key `k:{"containerPort":80,"protocol":"TCP"}`; the protocol may be left to its default. */
function matches(item: unknown, step: string): boolean {
  const key = JSON.parse(step.slice(2)) as Readonly<Record<string, unknown>>;
  const fields = item as Readonly<Record<string, unknown>>;
  return Object.entries(key).every(
    ([name, value]) => (fields[name] ?? (name === "protocol" ? "TCP" : undefined)) === value,
  );
}
