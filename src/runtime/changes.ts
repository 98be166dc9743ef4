import { describe, type LiveObject, type Manifest } from "../manifest.ts";
import type { Ref } from "./cluster.ts";

/** An object by name, for messages and events. */
export interface ObjectRef extends Ref {
  readonly apiVersion: string;
  readonly kind: string;
}

export interface Change {
  readonly object: ObjectRef;
  /** `contested`: left as somebody else made it, because it was put right too often of late. */
  readonly action: "created" | "configured" | "unchanged" | "pruned" | "contested";
  /** The managers whose values were replaced: somebody else changes what is ours. */
  readonly tookOverFrom?: readonly string[];
  /** Somebody else's that could not be written to, and had to go for ours to be made. */
  readonly inPlaceOf?: LiveObject;
  /** When contested: the managers that were last seen to change it; none when it is deleted only. */
  readonly rivals?: readonly string[];
  /** When contested: milliseconds after which it may be put right. */
  readonly waitMs?: number;
}

export type ChangeSet = readonly Change[];

/** A foreign object has the name we need. Nothing was written to it. */
export class NameTaken extends Error {
  readonly ref: ObjectRef;

  constructor(object: Manifest) {
    super(`${describe(object)} exists already and belongs to somebody else.`);
    this.name = "NameTaken";
    this.ref = refOf(object);
  }
}

export function refOf({ apiVersion, kind, metadata: { namespace, name } }: Manifest): ObjectRef {
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
}
