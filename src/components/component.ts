import type { Assets } from "../assets.ts";
import type { Manifest } from "../manifest.ts";
import type { Observed, Practice } from "../practice/practice.ts";
import type { Role } from "../practice/names.ts";
import type { ReasonName } from "../api/reasons.ts";

/** Everything a builder may know. */
export interface Params {
  readonly practice: Practice;
  readonly observed: Observed;
  readonly assets: Assets;
}

/** Something that cannot be rendered yet; named, never faked. */
export interface Await {
  /** The component that is held back. */
  readonly component: string;
  readonly reason: ReasonName;
  /** A sentence for the practice's admin: what is awaited and what to do. */
  readonly message: string;
}

/** What a component contributes. Builders are pure: the same params give the same objects. */
export interface Component {
  readonly name: string;
  readonly build: (params: Params) => readonly Manifest[];
  /** What it waits for; while that is not empty, its workload is not built. */
  readonly awaits?: (params: Params) => readonly Await[];
  /** Its pods' network edges; rendered by `network.ts`. Nothing that is observed moves a wall. */
  readonly walls?: (params: Pick<Params, "practice">) => Walls;
}

/** Who a pod listens to and talks to, as data. Nothing else gets through. */
export interface Walls {
  readonly role: Role;
  readonly listens: readonly { readonly port: number; readonly protocol: "TCP" | "UDP"; readonly from: Party }[];
  readonly talksTo: readonly { readonly port: number; readonly protocol: "TCP" | "UDP"; readonly to: Party }[];
}

/**
 * The other end of an edge: another pod of the practice, the edge of the cluster, the operator, the cluster's DNS,
 * anybody (written as a rule without peers: Cilium does not match nodes by CIDR), or stated peers.
 */
export type Party =
  | { readonly kind: "role"; readonly role: Role }
  | { readonly kind: "frontDoor" }
  | { readonly kind: "operator" }
  | { readonly kind: "dns" }
  | { readonly kind: "anybody" }
  | { readonly kind: "peers"; readonly peers: readonly Readonly<Record<string, unknown>>[] };
