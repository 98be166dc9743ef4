import type { Outcome } from "./attack.ts";

/**
 * Attacks on the walls of a practice, read from a matrix that was measured on a real node: names of the ways on which
 * something came through, such as `front of one to postgres of one TCP 5432`.
 */
interface WallAttack {
  readonly id: string;
  readonly promise: 3;
  readonly does: string;
  readonly parts: readonly string[];
  readonly defence: string;
  readonly run: (open: ReadonlySet<string>) => Outcome;
}

function attack(id: string, does: string, way: RegExp): WallAttack {
  return {
    id,
    promise: 3,
    does,
    parts: ["kubelet", "containerd", "kube-network-policies", "kube-proxy"],
    defence: "the practice's NetworkPolicies, enforced by the network",
    run: (open) => ([...open].some((name) => way.test(name)) ? "succeeded" : "failed"),
  };
}

export const WALL_ATTACKS: readonly WallAttack[] = [
  attack(
    "walls-database-from-the-front",
    "Takes the front over, which everybody may reach, and connects to the database.",
    /^front of one to postgres of one TCP 5432$/,
  ),
  attack(
    "walls-another-practice",
    "Takes a pod of one practice over, and connects to any pod of another one, over TCP or UDP.",
    /of one to \w+ of another /,
  ),
  attack(
    "walls-past-the-front",
    "From a plain pod of the cluster, connects to the homeserver, Prosody or the entry page without the front.",
    /^a plain pod to (?:synapse|signalling|entry) of one TCP /,
  ),
  attack(
    "walls-database-from-the-cluster",
    "From a plain pod of the cluster, connects to the database.",
    /^a plain pod to postgres of one TCP 5432$/,
  ),
  attack(
    "walls-admin-surface-from-outside",
    "From outside of the cluster, connects to the admin interfaces of the bridge, jicofo and the homeserver.",
    /^outside to (?:bridge of one TCP 8080|signalling of one TCP 8888|synapse of one TCP (?:8008|8009))$/,
  ),
  attack(
    "walls-api-server",
    "Takes any pod of a practice over, and connects to the Kubernetes API.",
    /of one to the API server(?:'s Service)? TCP /,
  ),
  attack(
    "walls-kubelet",
    "Takes any pod of a practice over, and connects to the kubelet of its node.",
    /of one to the kubelet TCP /,
  ),
  attack(
    "walls-credentials-of-the-machine",
    "Takes any pod of a practice over, and asks the address where clouds answer with a machine's credentials.",
    /of one to the metadata address TCP 80$/,
  ),
  attack(
    "walls-carry-data-out",
    "Takes any pod of a practice over, and carries data out to the internet, over TCP or UDP.",
    /of one to the internet /,
  ),
  attack(
    "walls-carry-data-out-by-dns",
    "Takes the database over, and carries data out in questions to DNS.",
    /^postgres of one to DNS (?:UDP|TCP) 53$/,
  ),
  attack(
    "walls-media-out-of-the-bridge",
    "Takes the bridge over, and sends what passes it to another pod of the cluster over UDP.",
    /^bridge of one to a plain pod UDP /,
  ),
];

/** Their rows in the docs: they are tried where a real node is. */
export function wallRows(): string {
  return WALL_ATTACKS.map(
    ({ id, promise, does, parts, defence }) =>
      `| \`${id}\` | ${promise} | ${does} | ${parts.join(", ")} | ${defence} |\n`,
  ).join("");
}
