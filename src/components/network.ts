import type { INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1";
import { LABEL } from "../api/group.ts";
import type { Manifest } from "../manifest.ts";
import type { Network, NetworkPeer, Practice } from "../practice/practice.ts";
import type { Component, Params, Party, Walls } from "./component.ts";
import { ordersHostsCertificate } from "./tls.ts";

type Edge = { readonly port: number; readonly protocol: "TCP" | "UDP" };
type Policy = Manifest & INetworkPolicy;

/** cert-manager's HTTP-01 solver pods: their label and the port on which they listen. */
export const SOLVER = { label: { "acme.cert-manager.io/http01-solver": "true" }, port: 8089 } as const;

/**
 * The walls of a practice: nothing goes in or out anywhere, but for the edges that `components` declare. A practice
 * owns its namespace, so the default holds for every pod in it, ours or not.
 */
export function network(components: readonly Component[]): Component {
  return {
    name: "network",
    build: (params) => [
      defaultDeny(params.practice),
      ...(ordersHostsCertificate(params.practice) ? [solver(params.practice)] : []),
      ...components.flatMap((component) => component.walls?.(params) ?? []).flatMap((walls) => edges(params, walls)),
    ],
  };
}

function metadata(name: string) {
  return { name, labels: { [LABEL.component]: "network" } };
}

function defaultDeny({ names }: Practice): Policy {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: metadata(names.defaultDeny),
    spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
  };
}

/** Lets the edge reach cert-manager's short-lived pods that answer a challenge. Without such a pod it does nothing. */
function solver({ names, network }: Practice): Policy {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: metadata(names.solverPolicy),
    spec: {
      podSelector: { matchLabels: { ...SOLVER.label } },
      policyTypes: ["Ingress"],
      ingress: [{ ...from(network, { kind: "frontDoor" }), ports: [{ port: SOLVER.port, protocol: "TCP" }] }],
    },
  };
}

/** The policy of one role. A role without edges needs none: the default holds. */
function edges({ practice }: Params, { role, listens, talksTo }: Walls): readonly Policy[] {
  if (listens.length === 0 && talksTo.length === 0) return [];
  const { names, network } = practice;
  const ingress = listens.flatMap((edge) => rule(from(network, edge.from), [edge]));
  const egress = talksTo.flatMap((edge) => rule(to(network, edge.to), onPorts(network, edge)));
  return [
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: metadata(names.walls(role)),
      spec: {
        podSelector: { matchLabels: { [LABEL.role]: role } },
        // A direction without rules is closed. An empty list would say the same, but the API server drops it, and
        // every apply would write it again.
        policyTypes: ["Ingress", "Egress"],
        ...(ingress.length > 0 && { ingress }),
        ...(egress.length > 0 && { egress }),
      },
    },
  ];
}

/** A rule without any peer would be open to all, so there is none then. */
function rule<P extends { from?: readonly NetworkPeer[]; to?: readonly NetworkPeer[] }>(
  peers: P,
  ports: readonly Edge[],
) {
  const nobody = peers.from?.length === 0 || peers.to?.length === 0;
  return nobody ? [] : [{ ...peers, ports: ports.map(({ port, protocol }) => ({ port, protocol })) }];
}

/** `{}` means from anywhere: for what everybody may reach, and where nobody could say what the front door is. */
function from(network: Network, party: Party): { from?: NetworkPeer[] } {
  if (party.kind === "anybody") return {};
  if (party.kind === "frontDoor") return network.frontDoor.length > 0 ? { from: [...network.frontDoor] } : {};
  return { from: peersOf(network, party) };
}

function to(network: Network, party: Party): { to: NetworkPeer[] } {
  return { to: peersOf(network, party) };
}

function onPorts(network: Network, edge: Edge & { readonly to: Party }): readonly Edge[] {
  return edge.to.kind === "dns" ? network.dns.ports.map((port) => ({ port, protocol: edge.protocol })) : [edge];
}

/** @throws Error for a pod that wants to talk to anybody or to the edge: no pod of a practice does. */
function peersOf(network: Network, party: Party): NetworkPeer[] {
  if (party.kind === "role") return [{ podSelector: { matchLabels: { [LABEL.role]: party.role } } }];
  if (party.kind === "peers") return [...party.peers];
  if (party.kind === "dns") return [...network.dns.peers];
  if (party.kind === "operator") return [...network.operator];
  throw new Error("No pod of a practice talks to anybody or to the edge of the cluster. Name the peers.");
}
