/**
 * Kubernetes objects as they travel: plain JSON, never a generated class, because generated
 * serialisers rename `from` and drop what they do not know (kubernetes-client/javascript#2396).
 */

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
}

/** An object we want. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/** An object the API server has. */
export interface LiveObject extends Manifest {
  readonly metadata: ObjectMeta & {
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation?: number;
    readonly creationTimestamp: string;
    readonly deletionTimestamp?: string;
  };
}

declare const verified: unique symbol;

/** Manifests that passed the whole policy chain. Only `policy/enforce.ts` makes them; only they are applied. */
export type VerifiedManifests = readonly Manifest[] & { readonly [verified]: true };

/** How an object is named in messages: `NetworkPolicy/greenriver-default-deny`. */
export function describe(object: Pick<Manifest, "kind" | "metadata">): string {
  return `${object.kind}/${object.metadata.name}`;
}
