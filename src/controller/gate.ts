import type { ReasonName } from "../api/reasons.ts";
import { LABEL } from "../api/group.ts";
import type { Manifest, VerifiedManifests } from "../manifest.ts";
import type { Role } from "../practice/names.ts";
import type { Host } from "../practice/practice.ts";
import { type Phase, phaseOf } from "../render/order.ts";

/** What may be applied now, and what waits, each with its reason. */
export interface ApplyPlan {
  readonly now: VerifiedManifests;
  readonly later: readonly Held[];
  /** Live routes to take away: the door is closed. */
  readonly withdraw: boolean;
}

export interface Held {
  readonly object: Manifest;
  readonly reason: ReasonName;
}

/** What the gate needs to know of the cluster. */
export interface Circumstances {
  readonly namespaceRestricted: boolean;
  readonly suspended: boolean;
  readonly doorClosed: boolean;
  /** Whether applying this now would end calls. */
  readonly endsCalls: (object: Manifest) => boolean;
  readonly exists: (object: Manifest) => boolean;
  readonly ready: (role: Role) => boolean;
}

/** Which pods must be ready before a host opens for the first time. */
const SERVED_BY: Readonly<Record<Host, readonly Role[]>> = {
  entry: ["front", "entry"],
  meet: ["front", "signalling", "bridge"],
  matrix: ["front", "synapse"],
  chat: ["front", "synapse"],
};

/** Splits a rendering into now and later. Walls are never held back. */
export function gate(manifests: VerifiedManifests, circumstances: Circumstances): ApplyPlan {
  const held = manifests.flatMap((object): Held[] => {
    const reason = reasonToWait(object, circumstances);
    return reason ? [{ object, reason }] : [];
  });
  const waiting = new Set(held.map(({ object }) => object));
  return {
    // A part of what was verified is verified.
    now: manifests.filter((object) => !waiting.has(object)) as readonly Manifest[] as VerifiedManifests,
    later: held,
    withdraw: circumstances.doorClosed,
  };
}

function reasonToWait(object: Manifest, circumstances: Circumstances): ReasonName | undefined {
  const phase: Phase = phaseOf(object);
  if (phase === "routes") return reasonForRoute(object, circumstances);
  if (phase !== "workloads") return undefined;
  if (!circumstances.namespaceRestricted) return "NamespaceNotRestricted";
  if (circumstances.suspended) return "Suspended";
  return circumstances.endsCalls(object) ? "WaitingForQuietMoment" : undefined;
}

function reasonForRoute(object: Manifest, circumstances: Circumstances): ReasonName | undefined {
  if (circumstances.doorClosed) return "DoorClosed";
  if (circumstances.exists(object)) return undefined;
  if (!circumstances.namespaceRestricted) return "NamespaceNotRestricted";
  if (circumstances.suspended) return "Suspended";
  const host = object.metadata.labels?.[LABEL.host] as Host | undefined;
  const needed = host ? SERVED_BY[host] : (["front"] as const);
  return needed.every((role) => circumstances.ready(role)) ? undefined : "ComponentsStarting";
}
