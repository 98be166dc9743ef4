import { isDeepStrictEqual } from "node:util";
import { LABEL } from "../api/group.ts";
import type { Role } from "../practice/names.ts";
import type { Peer, Practice } from "../practice/practice.ts";
import type { Selector } from "./selectors.ts";

export interface PolicySpec {
  readonly podSelector?: Selector;
  readonly policyTypes?: readonly string[];
  readonly ingress?: readonly Rule[];
  readonly egress?: readonly Rule[];
}

interface Rule {
  readonly from?: readonly object[];
  readonly to?: readonly object[];
  readonly ports?: readonly Port[];
}

interface Port {
  readonly port?: number | string;
  readonly endPort?: number;
  readonly protocol?: string;
}

/** One opening of a policy: one peer (absent: anybody), one port (absent: every port). */
export interface Edge {
  readonly direction: "ingress" | "egress";
  readonly peer: object | undefined;
  readonly port: Port | undefined;
}

export function edgesOf(spec: PolicySpec): Edge[] {
  const open = (direction: Edge["direction"], rules: readonly Rule[] = []) =>
    rules.flatMap(({ from, to, ports }) => {
      const peers = (direction === "ingress" ? from : to) ?? [];
      return (peers.length > 0 ? peers : [undefined]).flatMap((peer) =>
        (ports && ports.length > 0 ? ports : [undefined]).map((port) => ({ direction, peer, port })),
      );
    });
  return [...open("ingress", spec.ingress), ...open("egress", spec.egress)];
}

/** `ingress UDP 10000 from anybody`, for messages. */
export function edgeName({ direction, peer, port }: Edge): string {
  const number = port?.port === undefined || port.endPort !== undefined ? "more ports than one" : port.port;
  return `${direction} ${port?.protocol ?? "TCP"} ${number} ${peer ? "for a peer" : "for anybody"}`;
}

/** Who opens a connection to whom inside a practice, and on which TCP port. */
const CONVERSATIONS: readonly (readonly [Role, Role, number])[] = [
  ["front", "signalling", 5280],
  ["entry", "signalling", 5281],
  ["front", "synapse", 8008],
  ["entry", "synapse", 8008],
  ["entry", "synapse", 8009],
  ["entry", "postgres", 5432],
  ["front", "entry", 8080],
  ["bridge", "signalling", 5222],
  ["synapse", "postgres", 5432],
  ["pruner", "postgres", 5432],
  ["backup", "postgres", 5432],
];
/** Roles that look up names. */
const ASKS_DNS: readonly Role[] = ["front", "bridge", "synapse", "entry", "pruner", "backup"];

const SOLVER = { matchLabels: { "acme.cert-manager.io/http01-solver": "true" } };

/** Whether an opening is on the list of what a practice consists of. */
export function isListed(practice: Practice, { podSelector }: PolicySpec, edge: Edge): boolean {
  if (typeof edge.port?.port !== "number" || edge.port.endPort !== undefined) return false;
  if (isDeepStrictEqual(podSelector, SOLVER)) return edge.direction === "ingress" && isFrontDoor(practice, edge, 8089);
  const role = podSelector?.matchLabels?.[LABEL.role];
  if (!isDeepStrictEqual(podSelector, { matchLabels: { [LABEL.role]: role } })) return false;
  return edge.direction === "ingress" ? isWelcome(practice, role, edge) : isWayOut(practice, role, edge);
}

function isWelcome(practice: Practice, role: string | undefined, edge: Edge): boolean {
  if (role === "front") return isFrontDoor(practice, edge, 8080);
  if (role === "bridge") {
    const { port } = practice.video.media;
    // Below 1024 only root could listen, so the bridge listens elsewhere. The next port is for trying the way.
    const media = port < 1024 ? 10_000 : port;
    return edge.port?.protocol === "UDP" && [media, media + 1].some((number) => number === edge.port?.port);
  }
  if (role === "signalling" && isTcp(edge, 5281) && isOneOf(practice.network.operator, edge)) return true;
  return CONVERSATIONS.some(([from, to, port]) => to === role && isPeer(edge, from, port));
}

function isWayOut(practice: Practice, role: string | undefined, edge: Edge): boolean {
  const { dns } = practice.network;
  const asksDns = ASKS_DNS.some((name) => name === role);
  if (asksDns && dns.ports.includes(Number(edge.port?.port)) && isOneOf(dns.peers, edge)) return true;
  const goesOut = role === "synapse" || role === "entry";
  if (goesOut && (isDatabase(practice, edge) || isProvider(practice, edge))) return true;
  return CONVERSATIONS.some(([from, to, port]) => from === role && isPeer(edge, to, port));
}

function isTcp({ port }: Edge, number: number): boolean {
  return port?.port === number && (port.protocol ?? "TCP") === "TCP";
}

function isPeer(edge: Edge, role: Role, port: number): boolean {
  return isTcp(edge, port) && isOneOf([{ podSelector: { matchLabels: { [LABEL.role]: role } } }], edge);
}

function isFrontDoor({ network }: Practice, edge: Edge, port: number): boolean {
  const known = network.frontDoor.length > 0;
  return isTcp(edge, port) && (known ? isOneOf(network.frontDoor, edge) : true);
}

function isOneOf(peers: readonly object[], { peer }: Edge): boolean {
  return peer !== undefined && peers.some((allowed) => isDeepStrictEqual(allowed, peer));
}

interface RangePeer {
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

function isDatabase({ messaging }: Practice, edge: Edge): boolean {
  const { database } = messaging;
  return database.kind === "external" && isOutside(database, edge);
}

/** Who says who is staff. */
function isProvider({ staff }: Practice, edge: Edge): boolean {
  return staff.oidc !== undefined && isOutside(staff.oidc, edge);
}

/** A party outside, at the place that the manifest names, and never where clouds give out credentials. */
function isOutside({ port, to }: { readonly port: number; readonly to: Peer }, edge: Edge): boolean {
  if (!isTcp(edge, port)) return false;
  if (to.kind === "pods") {
    const namespaceSelector = { matchLabels: { "kubernetes.io/metadata.name": to.namespace } };
    return isOneOf([{ namespaceSelector, podSelector: { matchLabels: to.labels } }], edge);
  }
  const { ipBlock } = (edge.peer ?? {}) as RangePeer;
  if (!ipBlock || !to.cidrs.includes(ipBlock.cidr)) return false;
  return !isWide(ipBlock.cidr) || ipBlock.except?.includes("169.254.0.0/16") === true;
}

/** Whether a range of IPv4 addresses holds 169.254.0.0/16. */
function isWide(cidr: string): boolean {
  const [address = "", length = ""] = cidr.split("/");
  if (address.includes(":") || Number(length) >= 16) return false;
  const bits = (text: string) => text.split(".").map((part) => Number(part).toString(2).padStart(8, "0"));
  return bits("169.254.0.0")
    .join("")
    .startsWith(bits(address).join("").slice(0, Number(length)));
}
