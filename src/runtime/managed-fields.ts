import type { LiveObject } from "../manifest.ts";
import { mergeKeys, type Path } from "./differences.ts";

/** An entry of `metadata.managedFields`: who said which fields last. */
export interface ManagedFieldsEntry {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
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
  return entries(live)
    .filter((entry) => entry.manager === manager && entry.operation === "Apply" && !entry.subresource)
    .some(({ fieldsV1 = {} }) => leftover(fieldsV1, desired, []));
}

function entries(live: LiveObject): readonly ManagedFieldsEntry[] {
  const metadata = live.metadata as LiveObject["metadata"] & { readonly managedFields?: readonly ManagedFieldsEntry[] };
  return metadata.managedFields ?? [];
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

function leftover(set: FieldSet, desired: unknown, path: Path): boolean {
  return Object.entries(set).some(([step, below]) => {
    if (step === ".") return false;
    if (step.startsWith("f:")) {
      const name = step.slice(2);
      const value = (desired as Readonly<Record<string, unknown>> | null)?.[name];
      return value === undefined || leftover(below, value, [...path, name]);
    }
    if (!Array.isArray(desired)) return true;
    if (step.startsWith("v:")) return !desired.includes(JSON.parse(step.slice(2)));
    const item: unknown = desired.find((candidate) => matches(candidate, step));
    return item === undefined || leftover(below, item, path);
  });
}

/** Whether the item has the key `k:{"containerPort":80,"protocol":"TCP"}`; the protocol may be left to its default. */
function matches(item: unknown, step: string): boolean {
  const key = JSON.parse(step.slice(2)) as Readonly<Record<string, unknown>>;
  const fields = item as Readonly<Record<string, unknown>>;
  return Object.entries(key).every(
    ([name, value]) => (fields[name] ?? (name === "protocol" ? "TCP" : undefined)) === value,
  );
}
