import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LABEL } from "../../src/api/group.ts";
import { API_PORT, DNS_ADDRESS, INTERNET_ADDRESS, METADATA_ADDRESS, NODE_ADDRESS } from "../bed/node/addresses.ts";
import { WALL_ATTACKS } from "../attacks/walls.ts";
import { isProven, runGroup } from "../attacks/attack.ts";
import { isDeclared, type Party } from "./support/declared.ts";
import { answerEverything, type From, measure, portsOf, type To, wayName } from "./support/measure.ts";
import { hand, withoutEnforcer } from "./support/node.ts";
import { PLAIN, serverPod, startPods } from "./support/pods.ts";
import { podsOf, type RunningPractice, startPractice } from "./support/practice.ts";
import { declaredWalls } from "./support/walls.ts";

/** Ports of admin interfaces and of the programs' usual ways in, whether or not somebody is there. */
const USUAL = [22, 80, 443, 5222, 5269, 5280, 5281, 5347, 5432, 8008, 8009, 8080, 8448, 8888, 9090, 9102, 10_000];

type Side = { readonly from?: From; readonly to?: To; readonly party: Party };

let sides: readonly Side[];
let walled: ReadonlySet<string>;
let bare: ReadonlySet<string>;
let took: number;
let practices: readonly RunningPractice[];

async function partsOf(practice: RunningPractice, name: string): Promise<Side[]> {
  const pods = await podsOf(practice.namespace);
  return Promise.all(
    pods.map(async (pod) => {
      const role = pod.metadata.labels?.[LABEL.role] ?? "";
      const place = { namespace: practice.namespace, pod: pod.metadata.name };
      await answerEverything(place);
      const called = `${role} of ${name}`;
      return {
        from: { name: called, place },
        to: { name: called, host: pod.status.podIP, ports: await portsOf(place) },
        party: { kind: "role", practice: name, role },
      } as const;
    }),
  );
}

/** Every port that anybody has, and the usual ones, over both protocols: for each pod alike. */
function atEveryPort(found: readonly Side[]): Side[] {
  const numbers = new Set([...USUAL, ...found.flatMap(({ to }) => to?.ports.map(([, port]) => port) ?? [])]);
  const ports = [...numbers].flatMap((port) => [["TCP", port] as const, ["UDP", port] as const]);
  return found.map((side) => ({ ...side, ...(side.to && { to: { ...side.to, ports } }) }));
}

async function everything(): Promise<readonly Side[]> {
  const [first, second] = practices as [RunningPractice, RunningPractice];
  const plain = await hand.namespace(PLAIN);
  const [address = ""] = await startPods(plain, serverPod(plain, "plain"));
  const pods = atEveryPort([...(await partsOf(first, "one")), ...(await partsOf(second, "another"))]);
  for (const place of ["node", "outside", { namespace: plain, pod: "plain" }] as const) await answerEverything(place);
  const coredns = (await podsOf("kube-system"))[0]?.status.podIP ?? "";
  const to = (name: string, host: string, ports: To["ports"], party: Party = { kind: "free" }): Side => {
    return { to: { name, host, ports }, party };
  };
  const both = (port: number): To["ports"] => [
    ["TCP", port],
    ["UDP", port],
  ];
  return [
    ...pods,
    { from: { name: "a plain pod", place: { namespace: plain, pod: "plain" } }, party: { kind: "free" } },
    to("a plain pod", address, [...both(8080), ...both(8081)]),
    { from: { name: "the node", place: "node" }, party: { kind: "node" } },
    { from: { name: "outside", place: "outside" }, party: { kind: "door" } },
    to("DNS", DNS_ADDRESS, both(53), { kind: "dns" }),
    to("beside DNS", coredns, [["TCP", 8181]]),
    to("the API server", NODE_ADDRESS, [["TCP", API_PORT]]),
    to("the API server's Service", "10.96.0.1", [["TCP", 443]]),
    to("the kubelet", NODE_ADDRESS, [["TCP", 10_250]]),
    to("the internet", INTERNET_ADDRESS, [...both(80), ...both(443)]),
    to("the metadata address", METADATA_ADDRESS, both(80)),
  ];
}

const froms = () => sides.flatMap(({ from }) => from ?? []);
const tos = () => sides.flatMap(({ to }) => to ?? []);
/** Every way that was tried, with who it is between. */
const ways = () =>
  sides.flatMap(({ from, party: sender }) =>
    !from
      ? []
      : sides.flatMap(({ to, party: receiver }) =>
          !to || to.name === from.name
            ? []
            : to.ports.map(([protocol, port]) => {
                return { name: wayName(from.name, to.name, protocol, port), sender, receiver, protocol, port };
              }),
        ),
  );

beforeAll(async () => {
  const media = (port: number) => ({ video: { media: { port } } });
  practices = await Promise.all([startPractice(media(30_100)), startPractice(media(30_200))]);
  sides = await everything();
  const start = performance.now();
  walled = await measure(froms(), tos());
  took = performance.now() - start;
  bare = await withoutEnforcer(() => measure(froms(), tos()));
}, 900_000);
afterAll(() => hand.close());

describe("what gets through on a real node", () => {
  it("is what is declared, no more and no less, over TCP and UDP, from everywhere to everything", async () => {
    const [first, second] = practices as [RunningPractice, RunningPractice];
    // The two differ in the ports of their media alone, and nobody but them is asked about these.
    const declaredBy = { one: await declaredWalls(first.namespace), another: await declaredWalls(second.namespace) };
    const practiceOf = ({ sender, receiver }: { sender: Party; receiver: Party }) => {
      const party = receiver.kind === "role" ? receiver : sender;
      return party.kind === "role" && party.practice === "another" ? "another" : "one";
    };
    const all = ways();
    const declared = new Set(
      all
        .filter((way) => isDeclared(declaredBy[practiceOf(way)], way.sender, way.receiver, way.protocol, way.port))
        .map(({ name }) => name),
    );
    const more = [...walled].filter((name) => !declared.has(name));
    const less = [...declared].filter((name) => !walled.has(name));
    expect({ more, less }).toEqual({ more: [], less: [] });
    expect(all.length).toBeGreaterThan(8000);
    process.stdout.write(
      `${all.length} ways tried in ${Math.round(took / 1000)} s: ${walled.size} open, ${all.length - walled.size} closed.\n`,
    );
  });

  it("is found out within three minutes", () => {
    expect(took).toBeLessThan(180_000);
  });

  it("is everything without the policies: every closed way is closed by them", () => {
    const closedAnyway = ways()
      .filter(({ name }) => !bare.has(name))
      .map(({ name }) => name);
    expect(closedAnyway).toEqual([]);
  });
});

describe("attacks on the walls", () => {
  const stage = { stop: () => Promise.resolve() };

  it.each(WALL_ATTACKS.map((attack) => [attack.id, attack] as const))("%s", async (_, attack) => {
    const [result] = await runGroup({
      defence: attack.defence,
      parts: attack.parts,
      start: (defended) => Promise.resolve({ ...stage, open: defended ? walled : bare }),
      attacks: [{ ...attack, run: async (on) => attack.run((on as typeof stage & { open: typeof walled }).open) }],
    });
    expect(result && isProven(result), JSON.stringify(result)).toBe(true);
  });

  it("are in the docs", () => {
    const docs = readFileSync("docs/attacks.md", "utf8");
    for (const { id, does } of WALL_ATTACKS) expect(docs).toContain(`| \`${id}\` | 3 | ${does} |`);
  });
});
