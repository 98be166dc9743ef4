import { describe, expect, it } from "vitest";
import { LABEL } from "../../src/api/group.ts";
import { connections, wallsInFull, wallsInShort, wallsTable } from "../../src/install/walls.ts";
import { render } from "../../src/render/render.ts";
import { edgesOf, type PolicySpec } from "../../src/policy/edges.ts";
import { ROLES } from "../../src/practice/names.ts";
import { params } from "../support/practices.ts";

const OIDC = {
  issuer: "https://sign-in.example/",
  clientId: "practice",
  clientSecretRef: { name: "oidc", key: "secret" },
  requiredClaim: { name: "role", value: "staff" },
  to: { cidrs: ["198.51.100.0/24"] },
};
const DATABASE = { external: { host: "db.example", secretRef: { name: "db" }, to: { cidrs: ["203.0.113.0/24"] } } };
const OPERATOR = { podSelector: { matchLabels: { app: "operator" } } };

/** What the rendered NetworkPolicies let through, in the words of the picture. */
function letThrough(spec: Readonly<Record<string, unknown>>): string[] {
  const practice = params({ spec, options: { operatorPeers: [OPERATOR], frontDoor: [{ podSelector: {} }] } });
  const dns = JSON.stringify(practice.practice.network.dns.peers);
  const end = (peer: object | undefined): string => {
    const { podSelector, ipBlock } = (peer ?? {}) as {
      podSelector?: { matchLabels?: Record<string, string> };
      ipBlock?: { cidr: string };
    };
    const labels = podSelector?.matchLabels ?? {};
    if (peer === undefined) return "people";
    if (labels[LABEL.role] !== undefined) return labels[LABEL.role] ?? "";
    if (dns.includes(JSON.stringify(peer))) return "dns";
    if (ipBlock?.cidr === "203.0.113.0/24") return "database";
    if (ipBlock?.cidr === "198.51.100.0/24") return "provider";
    return JSON.stringify(peer) === JSON.stringify(OPERATOR) ? "operator" : "edge";
  };
  const policies = render(practice).manifests.filter(({ kind }) => kind === "NetworkPolicy");
  return policies.flatMap((policy) => {
    const walls = policy["spec"] as PolicySpec;
    const own = walls.podSelector?.matchLabels?.[LABEL.role] ?? "solver";
    return edgesOf(walls).map(({ direction, peer, port }) => {
      const number = peer === undefined ? "UDP" : `${port?.protocol} ${port?.port}`;
      return direction === "ingress" ? `${end(peer)} ${own} ${number}` : `${own} ${end(peer)} ${number}`;
    });
  });
}

describe("the picture of the walls", () => {
  it("shows exactly what the rendered network policies let through", () => {
    const acme = { certificates: { acme: { email: "office@greenriver.example" } } };
    const rendered = [{ ...acme }, { messaging: { database: DATABASE } }, { staff: { oidc: OIDC } }].flatMap(
      letThrough,
    );
    const drawn = connections().map(({ from, to, port }) => `${from} ${to} ${port.startsWith("UDP,") ? "UDP" : port}`);
    expect([...new Set(rendered)].toSorted()).toEqual(drawn.toSorted());
  });

  it("names each pod and each connection in both forms", () => {
    for (const role of ROLES) {
      expect(wallsInFull()).toContain(`    ${role}[`);
      expect(wallsInShort()).toContain(`    ${role}[`);
      expect(wallsTable()).toContain(`| ${role}: `);
    }
    for (const { from, to } of connections())
      expect(wallsInFull()).toMatch(new RegExp(`^  ${from} -.*> ?.*${to}$`, "m"));
  });

  it("is short where it is short: no DNS, no jobs, nothing that only some have", () => {
    expect(wallsInShort()).not.toMatch(/dns|pruner|backup|solver|operator|database|provider|53/);
  });
});
