import { RESOURCES, type Resource } from "../../src/runtime/resources.ts";
import type { Hand } from "./own-cluster.ts";
import { waitFor } from "../bed/wait.ts";

/** Kinds of plugins whose definitions cannot be had as a package; with the names of the real ones, and nothing refused. */
const PLUGIN_KINDS = [
  RESOURCES.CiliumNetworkPolicy,
  RESOURCES.CiliumClusterwideNetworkPolicy,
  RESOURCES.CalicoNetworkPolicy,
  RESOURCES.GlobalNetworkPolicy,
] as const;

function definition({ group, version, kind, plural, namespaced }: Resource) {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: namespaced ? "Namespaced" : "Cluster",
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
        },
      ],
    },
  };
}

/** Has the API server serve them. */
export async function installPluginKinds(hand: Hand): Promise<void> {
  for (const kind of PLUGIN_KINDS) {
    await hand.create(RESOURCES.CustomResourceDefinition, definition(kind));
    await waitFor(() => hand.serves(kind), { what: `${kind.plural}.${kind.group} to be served` });
  }
}
