import type { NetworkPeer, Peer, Practice } from "../practice/practice.ts";
import type { Party, Walls } from "./component.ts";

/** Where clouds answer with a machine's own credentials; no practice has business there. */
const LINK_LOCAL = ["169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128"];

/** A party that the spec names by ranges of addresses or by pods. A range never includes link-local addresses. */
export function outside(peer: Peer): Party {
  if (peer.kind === "cidrs") return { kind: "peers", peers: peer.cidrs.map(block) };
  return {
    kind: "peers",
    peers: [
      {
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": peer.namespace } },
        podSelector: { matchLabels: { ...peer.labels } },
      },
    ],
  };
}

/** The way to the practice's provider of identities, if it has one. */
export function providerEdges({ oidc }: Practice["staff"]): Walls["talksTo"] {
  return oidc ? [{ port: oidc.port, protocol: "TCP", to: outside(oidc.to) }] : [];
}

function block(cidr: string): NetworkPeer {
  const except = LINK_LOCAL.filter((range) => isInside(range, cidr));
  return { ipBlock: { cidr, ...(except.length > 0 && { except }) } };
}

/** Whether a range is a proper part of another one, which is what Kubernetes asks of an exception. */
function isInside(inner: string, outer: string): boolean {
  const [a, b] = [prefixBits(inner), prefixBits(outer)];
  return inner.includes(":") === outer.includes(":") && a.length > b.length && a.startsWith(b);
}

/** The fixed bits of a range, as text. */
function prefixBits(cidr: string): string {
  const [address = "", length] = cidr.split("/");
  return (address.includes(":") ? bits(words(address), 16) : bits(address.split("."), 8, 10)).slice(0, Number(length));
}

/** The eight hexadecimal words of an IPv6 address, with `::` written out. */
function words(address: string): string[] {
  const [head = "", tail] = address.split("::");
  const before = head.split(":").filter(Boolean);
  const after = (tail ?? "").split(":").filter(Boolean);
  const missing = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array<string>(missing).fill("0"), ...after];
}

function bits(groups: readonly string[], width: number, radix = 16): string {
  return groups.map((group) => Number.parseInt(group, radix).toString(2).padStart(width, "0")).join("");
}
