import type { INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1";
import { describe, expect, it } from "vitest";
import { COMPONENTS } from "../../src/components/index.ts";
import type { Component, Walls } from "../../src/components/component.ts";
import { network } from "../../src/components/network.ts";
import { ROLES } from "../../src/practice/names.ts";
import type { Practice } from "../../src/practice/practice.ts";
import { someParams } from "../support/practice.ts";

const traefik = { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "traefik" } } };
const kubeDns = { podSelector: { matchLabels: { "k8s-app": "kube-dns" } } };
const NETWORK = { frontDoor: [traefik], operator: [], dns: { peers: [kubeDns], ports: [53] } };

const withWalls = (walls: Walls): Component => ({ name: "some", build: () => [], walls: () => walls });

function policies(components: readonly Component[], practice: Partial<Practice> = {}) {
  const built = network(components).build(someParams({ practice: { network: NETWORK, ...practice } }));
  return new Map(built.map((object) => [object.metadata.name, (object as unknown as INetworkPolicy).spec]));
}

function onlyPolicy(walls: Partial<Walls>, practice: Partial<Practice> = {}) {
  const role = walls.role ?? "synapse";
  return policies([withWalls({ role, listens: [], talksTo: [], ...walls })], practice).get(`greenriver-${role}`);
}

describe("default deny", () => {
  it("holds for every pod of the namespace, in both directions, and opens nothing", () => {
    expect(policies([]).get("greenriver-default-deny")).toEqual({
      podSelector: {},
      policyTypes: ["Ingress", "Egress"],
    });
  });
});

describe("the wall of a role", () => {
  it("is not written for a role without edges", () => {
    expect(onlyPolicy({})).toBeUndefined();
  });

  it("lets exactly the declared role in, on exactly its port", () => {
    const wall = onlyPolicy({ listens: [{ port: 8008, protocol: "TCP", from: { kind: "role", role: "front" } }] });
    expect(wall).toEqual({
      podSelector: { matchLabels: { "telehealth-operator.io/role": "synapse" } },
      policyTypes: ["Ingress", "Egress"],
      ingress: [
        {
          from: [{ podSelector: { matchLabels: { "telehealth-operator.io/role": "front" } } }],
          ports: [{ port: 8008, protocol: "TCP" }],
        },
      ],
    });
  });

  it("writes anybody as a rule without peers", () => {
    const wall = onlyPolicy({
      role: "bridge",
      listens: [{ port: 30080, protocol: "UDP", from: { kind: "anybody" } }],
    });
    expect(wall?.ingress).toEqual([{ ports: [{ port: 30080, protocol: "UDP" }] }]);
  });

  it("asks DNS at the ports where the cluster's DNS answers", () => {
    const wall = onlyPolicy(
      { talksTo: [{ port: 53, protocol: "UDP", to: { kind: "dns" } }] },
      { network: { ...NETWORK, dns: { peers: [kubeDns], ports: [53, 5353] } } },
    );
    expect(wall?.egress).toEqual([
      {
        to: [kubeDns],
        ports: [
          { port: 53, protocol: "UDP" },
          { port: 5353, protocol: "UDP" },
        ],
      },
    ]);
  });

  it("lets the operator's own pods in, and nobody when it runs elsewhere", () => {
    const listens = [{ port: 5281, protocol: "TCP", from: { kind: "operator" } }] as const;
    expect(onlyPolicy({ listens })?.ingress).toBeUndefined();
    const operator = [{ podSelector: { matchLabels: { app: "operator" } } }];
    const wall = onlyPolicy({ listens }, { network: { ...NETWORK, operator } });
    expect(wall?.ingress).toEqual([{ from: operator, ports: [{ port: 5281, protocol: "TCP" }] }]);
  });

  it("never turns an empty list of peers into everybody", () => {
    const nobody = { kind: "peers", peers: [] } as const;
    const wall = onlyPolicy(
      {
        listens: [{ port: 1, protocol: "TCP", from: nobody }],
        talksTo: [
          { port: 2, protocol: "TCP", to: nobody },
          { port: 53, protocol: "UDP", to: { kind: "dns" } },
        ],
      },
      { network: { ...NETWORK, dns: { peers: [], ports: [53] } } },
    );
    expect(wall?.policyTypes).toEqual(["Ingress", "Egress"]);
    expect(wall).not.toHaveProperty("ingress");
    expect(wall).not.toHaveProperty("egress");
  });

  it.each(["anybody", "frontDoor"] as const)("refuses a pod that wants to talk to %s", (kind) => {
    expect(() => onlyPolicy({ talksTo: [{ port: 443, protocol: "TCP", to: { kind } }] })).toThrow("Name the peers");
  });
});

describe("the walls of a practice", () => {
  const all = () => policies(COMPONENTS.filter(({ name }) => name !== "network"));

  it("exist for every role but the one that needs nobody", () => {
    expect([...all().keys()].toSorted()).toEqual(
      ["greenriver-default-deny", ...[...ROLES, "pruner", "backup"].map((role) => `greenriver-${role}`)].toSorted(),
    );
  });

  it("open the front pod to the front door alone, and to any source only where nobody could name it", () => {
    expect(all().get("greenriver-front")?.ingress).toEqual([
      { from: [traefik], ports: [{ port: 8080, protocol: "TCP" }] },
    ]);
    const unknown = policies(COMPONENTS.slice(1), { network: { ...NETWORK, frontDoor: [] } });
    const open = [...unknown].filter(([, spec]) => spec?.ingress?.some((rule) => !rule.from));
    expect(open.map(([name]) => name).toSorted()).toEqual(["greenriver-bridge", "greenriver-front"]);
    expect(unknown.get("greenriver-front")?.ingress).toEqual([{ ports: [{ port: 8080, protocol: "TCP" }] }]);
  });

  it("agree from both sides: who talks is listened to, and who listens is talked to", () => {
    const params = someParams();
    const walls = COMPONENTS.flatMap((component) => component.walls?.(params) ?? []);
    const key = (from: string, to: string, port: number, protocol: string) => `${from} -> ${to} ${protocol} ${port}`;
    const said = walls.flatMap(({ role, talksTo }) =>
      talksTo.flatMap(({ to, port, protocol }) => (to.kind === "role" ? [key(role, to.role, port, protocol)] : [])),
    );
    const heard = walls.flatMap(({ role, listens }) =>
      listens.flatMap(({ from, port, protocol }) =>
        from.kind === "role" ? [key(from.role, role, port, protocol)] : [],
      ),
    );
    expect(said.toSorted()).toEqual(heard.toSorted());
    expect(said).toContain("synapse -> postgres TCP 5432");
  });

  it("let nothing out but what is named", () => {
    const open = [...all()].flatMap(([name, spec]) =>
      (spec?.egress ?? []).filter(({ to }) => !to?.length).map(() => name),
    );
    expect(open).toEqual([]);
  });
});

describe("the solver of a certificate challenge", () => {
  it("is reached from the front door where cert-manager proves the hosts", () => {
    const built = policies([], { certificates: { kind: "acme", email: "a@b.example", server: "https://ca.example/" } });
    expect(built.get("greenriver-acme-solver")).toEqual({
      podSelector: { matchLabels: { "acme.cert-manager.io/http01-solver": "true" } },
      policyTypes: ["Ingress"],
      ingress: [{ from: [traefik], ports: [{ port: 8089, protocol: "TCP" }] }],
    });
  });

  it("has no edge where somebody else brings the certificate", () => {
    expect(policies([], { certificates: { kind: "secretRef", name: "wildcard" } }).has("greenriver-acme-solver")).toBe(
      false,
    );
  });
});
