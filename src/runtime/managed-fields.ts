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

/** Who is named for the oldest updates of an object with more than ten managers (apimachinery, `internal/capmanagers.go`). */
const ANCIENT = "ancient-changes";

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
  return applied.some(({ fieldsV1 = {} }) =>
    [...owned(fieldsV1, desired, undefined)].some(({ isWanted }) => !isWanted),
  );
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
  return [
    { ...made, manager, operation: "Apply", fieldsV1 },
    ...entries(live).filter((entry) => !mine.includes(entry)),
  ];
}

/** The object without all that the manager has set in any way, whoever else has set it as well. */
export function withoutOwn(live: LiveObject, desired: object, manager: string): LiveObject {
  const rest = structuredClone(live);
  for (const { fieldsV1 = {} } of entriesOf(live, manager)) {
    for (const { holder, step } of owned(fieldsV1, desired, rest)) takeOut(holder, step);
  }
  return rest;
}

/** Leaves of `managedFields` what `isUpdatedBy` reads, the same for all objects; the rest is half of an object's memory. */
export function condensing(manager: string): (live: LiveObject) => LiveObject {
  const updated: readonly ManagedFieldsEntry[] = [{ manager, operation: "Update" }];
  return (live) => {
    const { managedFields, ...rest } = live.metadata as Managed;
    if (!managedFields) return live;
    const metadata: Managed = isUpdatedBy(live, manager) ? { ...rest, managedFields: updated } : rest;
    return { ...live, metadata };
  };
}

type Managed = LiveObject["metadata"] & { readonly managedFields?: readonly ManagedFieldsEntry[] };

function entries({ metadata }: LiveObject): readonly ManagedFieldsEntry[] {
  return (metadata as Managed).managedFields ?? [];
}

/** With those that the server has put together because there were more than ten: the first of them was ours, if we made it. */
function entriesOf(live: LiveObject, manager: string): readonly ManagedFieldsEntry[] {
  const isOurs = (entry: ManagedFieldsEntry) => entry.manager === manager || entry.manager === ANCIENT;
  return entries(live).filter((entry) => isOurs(entry) && !entry.subresource);
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

interface Owned {
  readonly isWanted: boolean;
  /** What of the live object it is in, and by which step. */
  readonly holder: unknown;
  readonly step: string;
}

/** What is in the set: each thing that is not wanted, and each that is and has nothing below it. Items keep their keys. */
function* owned(set: FieldSet, desired: unknown, live: unknown, keys: object = {}): Generator<Owned> {
  for (const [step, below] of Object.entries(set)) {
    if (step === "." || Object.hasOwn(keys, step.slice(2))) continue;
    const wanted = at(desired, step);
    const isWanted = wanted !== undefined;
    if (isWanted && Object.keys(below).length > 0) yield* owned(below, wanted, at(live, step), keysOf(step));
    else yield { isWanted, holder: live, step };
  }
}

function keysOf(step: string): object {
  return step.startsWith("k:") ? (JSON.parse(step.slice(2)) as object) : {};
}

/** A field, or an item of a list. */
function at(value: unknown, step: string): unknown {
  if (step.startsWith("f:")) return (value as Readonly<Record<string, unknown>> | null | undefined)?.[step.slice(2)];
  return Array.isArray(value) ? (value as unknown[]).find((item) => isStep(item, step)) : undefined;
}

function takeOut(value: unknown, step: string): void {
  if (step.startsWith("f:")) Reflect.deleteProperty(Object(value) as object, step.slice(2));
  else if (Array.isArray(value)) value.splice(0, value.length, ...value.filter((item) => !isStep(item, step)));
}

function isStep(item: unknown, step: string): boolean {
  return step.startsWith("k:") ? matches(item, step) : item === JSON.parse(step.slice(2));
}

/** Whether the item has the key `k:{"containerPort":80,"protocol":"TCP"}`; the protocol may be left to its default. */
function matches(item: unknown, step: string): boolean {
  const fields = item as Readonly<Record<string, unknown>>;
  return Object.entries(keysOf(step)).every(
    ([name, value]) => (fields[name] ?? (name === "protocol" ? "TCP" : undefined)) === value,
  );
}
