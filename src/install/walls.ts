import { API_VERSION, KIND } from "../api/group.ts";
import { parseSpec } from "../api/practice.ts";
import type { Party, Walls } from "../components/component.ts";
import { wallsOf } from "../components/index.ts";
import { SOLVER } from "../components/network.ts";
import { loadConfig } from "../config.ts";
import type { Role } from "../practice/names.ts";
import { defaultIdentity, resolve } from "../practice/resolve.ts";

/** Who takes part: a pod by its role, or an end outside of the namespace. */
type End = Role | "people" | "edge" | "dns" | "operator" | "solver" | "database" | "provider";

export interface Connection {
  readonly from: End;
  readonly to: End;
  /** `TCP 5280`; `MEDIA` where the number is each practice's own. */
  readonly port: string;
  /** Only in practices whose manifest names such a party. */
  readonly optional: boolean;
}

/** The port that is chosen for each practice, and the one after it, on which a device tries its way. */
const MEDIA = "UDP, the media port and the next";

/** How people call the ends. */
const CALLED: Readonly<Record<End, string>> = {
  front: "front: nginx, Element",
  signalling: "signalling: Prosody, jicofo",
  bridge: "bridge: JVB",
  synapse: "synapse: Synapse",
  postgres: "postgres: PostgreSQL",
  entry: "entry: page for patients and staff",
  pruner: "pruner: nightly clean-up",
  backup: "backup: while one is made",
  trial: "trial: tries a configuration",
  probe: "probe: tries the walls",
  solver: "solver: answers an ACME challenge",
  people: "patients, staff",
  edge: "your Ingress or Gateway",
  dns: "the cluster's DNS",
  operator: "the operator",
  database: "your database",
  provider: "your sign-in provider",
};

const INSIDE: readonly End[] = [
  "front",
  "signalling",
  "bridge",
  "synapse",
  "postgres",
  "entry",
  "pruner",
  "backup",
  "trial",
  "probe",
  "solver",
];
/** Pods that are there for a while. */
const PASSING: ReadonlySet<End> = new Set(["pruner", "backup", "trial", "probe", "solver"]);

const TO = { cidrs: ["203.0.113.0/24"] };
const OUTSIDE = {
  database: { messaging: { database: { external: { host: "db.example", secretRef: { name: "db" }, to: TO } } } },
  provider: {
    staff: {
      oidc: {
        issuer: "https://sign-in.example/",
        clientId: "practice",
        clientSecretRef: { name: "oidc", key: "secret" },
        requiredClaim: { name: "role", value: "staff" },
        to: TO,
      },
    },
  },
} as const;

/** The walls of all components for an example practice; pure data of the code that also renders the policies. */
function exampleWalls(spec: object): readonly Walls[] {
  const usual = { domain: "greenriver.example", certificates: { external: {} }, exposure: { ingress: {} } };
  const metadata = { name: "greenriver", namespace: "greenriver" };
  const parsed = parseSpec({ apiVersion: API_VERSION, kind: KIND, metadata, spec: { ...usual, ...spec } });
  if (!parsed.ok) throw new Error(`The example practice of the diagram is wrong: ${JSON.stringify(parsed.issues)}`);
  const identity = defaultIdentity(metadata.namespace, metadata.name, parsed.spec);
  const practice = resolve({ resource: { metadata }, spec: parsed.spec, options: loadConfig({}), identity });
  return wallsOf(practice);
}

function endOf(party: Party, outside: End | undefined): End {
  if (party.kind === "role") return party.role;
  if (party.kind === "frontDoor") return "edge";
  if (party.kind === "anybody") return "people";
  if (party.kind !== "peers") return party.kind;
  if (outside === undefined) throw new Error("An edge leads to peers that no example practice names.");
  return outside;
}

function connectionsOf(walls: readonly Walls[], outside?: End): Connection[] {
  const optional = (party: Party) => party.kind === "peers";
  return walls.flatMap(({ role, listens, talksTo }) => [
    ...listens.map(({ from, port, protocol }) => ({
      from: endOf(from, outside),
      to: role,
      port: from.kind === "anybody" ? MEDIA : `${protocol} ${port}`,
      optional: optional(from),
    })),
    ...talksTo.map(({ to, port, protocol }) => ({
      from: role,
      to: endOf(to, outside),
      port: `${protocol} ${port}`,
      optional: optional(to),
    })),
  ]);
}

/** Every connection that the walls of a practice let through, each once. */
export function connections(): Connection[] {
  const usual = connectionsOf(exampleWalls({}));
  const named = Object.entries(OUTSIDE).flatMap(([end, spec]) =>
    connectionsOf(exampleWalls(spec), end as End).filter(({ optional }) => optional),
  );
  const solver: Connection = { from: "edge", to: "solver", port: `TCP ${SOLVER.port}`, optional: false };
  const all = [...usual, ...named, solver].map((one) => [JSON.stringify(one), one] as const);
  return [...new Map(all).values()];
}

/** All ports between two ends at once. */
function pairs(shown: readonly Connection[]): { one: Connection; ports: string }[] {
  const found = new Map<string, { one: Connection; ports: string }>();
  for (const one of shown) {
    const key = `${one.from} ${one.to}`;
    const before = found.get(key)?.ports;
    found.set(key, { one, ports: before === undefined ? one.port : `${before}, ${one.port}` });
  }
  return [...found.values()];
}

function arrow({ from, to, optional }: Connection, label: string): string {
  return `  ${from} ${optional ? "-.->" : "-->"}${label && `|"${label}"|`} ${to}`;
}

function node(end: End): string {
  const text = CALLED[end];
  if (end === "postgres" || end === "database") return `${end}[("${text}")]`;
  if (end === "people") return `${end}(["${text}"])`;
  return PASSING.has(end) ? `${end}("${text}")` : `${end}["${text}"]`;
}

function flowchart(shown: readonly Connection[], label: (ports: string) => string): string {
  const ends = new Set(shown.flatMap(({ from, to }) => [from, to]));
  ends.add("people").add("edge");
  const outside = [...ends].filter((end) => !INSIDE.includes(end));
  return [
    "```mermaid",
    "flowchart LR",
    ...outside.map((end) => `  ${node(end)}`),
    `  subgraph practice["the practice's namespace: default deny, both ways"]`,
    ...INSIDE.filter((end) => ends.has(end)).map((end) => `    ${node(end)}`),
    "  end",
    '  people -->|"HTTPS"| edge',
    ...pairs(shown).map(({ one, ports }) => arrow(one, label(ports))),
    "```",
  ].join("\n");
}

/** For the README: the six pods and the ways between them. */
export function wallsInShort(): string {
  const aside: ReadonlySet<End> = new Set(["dns", "operator", "database", "provider", ...PASSING]);
  const shown = connections().filter(({ from, to }) => !aside.has(from) && !aside.has(to));
  return flowchart(shown, (ports) => (ports === MEDIA ? "UDP, encrypted end to end" : ""));
}

/** For `docs/walls.md`: every pod and every port. */
export function wallsInFull(): string {
  return flowchart(connections(), (ports) => ports);
}

/** For `docs/walls.md`: the same as a table. */
export function wallsTable(): string {
  const passing = ({ from, to }: Connection) => PASSING.has(from) || PASSING.has(to);
  const rows = pairs(connections()).map(({ one, ports }) => {
    const when = one.optional ? "if the manifest names it" : passing(one) ? "while there is such a pod" : "always";
    return `| ${CALLED[one.from]} | ${CALLED[one.to]} | ${ports} | ${when} |`;
  });
  return ["| from | to | port | when |", "|---|---|---|---|", ...rows].join("\n");
}
