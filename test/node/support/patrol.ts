import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { LABEL } from "../../../src/api/group.ts";
import type { Walls } from "../../../src/components/component.ts";
import { API_PORT, INTERNET_ADDRESS, METADATA_ADDRESS, NODE_ADDRESS } from "../../bed/node/addresses.ts";
import type { Place } from "../../bed/node/places.ts";
import { waitFor } from "../../bed/wait.ts";
import { isDeclared, type Party } from "./declared.ts";
import { answerEverything, wayName } from "./measure.ts";
import { commandTo } from "./node.ts";
import { type Pod, podsOf } from "./practice.ts";
import { PROBER, type Way } from "./prober.ts";
import { declaredWalls } from "./walls.ts";

/** Somebody whose ways are tried: out of its place, and into its address. */
interface Post {
  readonly name: string;
  readonly party: Party;
  readonly place: Place;
  readonly address?: string;
  readonly prober: Awaited<ReturnType<typeof startProber>>;
}

/** Where nobody of a practice may ever get. */
const ELSEWHERE: readonly (readonly [string, string, number])[] = [
  ["the API server", NODE_ADDRESS, API_PORT],
  ["the internet", INTERNET_ADDRESS, 443],
  ["the metadata address", METADATA_ADDRESS, 80],
];

/** A patrol along the walls of a practice, whatever happens to it. */
export interface Patrol {
  /** Names of the ways that are tried, again and again, until one of them is open. */
  readonly tried: () => readonly string[];
  /** Those of them on which something came through. */
  readonly open: () => readonly string[];
  /** Ends it; throws with what went wrong on the way. */
  readonly stop: () => Promise<void>;
}

/**
 * Tries every way that is not declared without end, from a stranger to every pod of the namespace and from each of them to
 * the others and elsewhere; every new pod is added within a moment of its address.
 */
export async function patrol(namespace: string, stranger: Exclude<Place, string>): Promise<Patrol> {
  const posts = [await post("a stranger", { kind: "free" }, stranger)];
  const known = new Set<string>();
  const names = new Map<string, string>();
  const ended = new AbortController();

  function send(
    from: Post,
    to: { name: string; party: Party; address: string },
    walls: readonly Walls[],
    ports: Ports,
  ) {
    const forbidden = ports.filter(([protocol, port]) => !isDeclared(walls, from.party, to.party, protocol, port));
    for (const [protocol, port] of forbidden) {
      names.set(`${from.name}: ${protocol} ${to.address} ${port}`, wayName(from.name, to.name, protocol, port));
    }
    from.prober.add(forbidden.map(([protocol, port]) => ({ protocol, port, host: to.address })));
  }

  async function add(pod: Pod): Promise<void> {
    const role = pod.metadata.labels?.[LABEL.role] ?? "";
    const walls = await declaredWalls(namespace);
    const ports = portsOf(walls);
    const party = { kind: "role", practice: namespace, role } as const;
    const made = await post(pod.metadata.name, party, { namespace, pod: pod.metadata.name }, pod.status.podIP);
    known.add(pod.metadata.uid);
    // The next pod of a StatefulSet is called like the former one, and its place may be the next one's already.
    for (const other of posts.filter(({ name }) => name !== made.name)) {
      send(other, { ...made, address: pod.status.podIP }, walls, ports);
      if (other.address) send(made, { ...other, address: other.address }, walls, ports);
    }
    for (const [name, address, port] of ELSEWHERE) {
      send(made, { name, party: { kind: "free" }, address }, walls, [["TCP", port]]);
    }
    posts.push(made);
  }

  const looking = (async () => {
    while (!ended.signal.aborted) {
      const pods = await podsOf(namespace).catch(() => []);
      const fresh = pods.filter(({ metadata, status }) => status?.podIP && !known.has(metadata.uid));
      // One that is gone already, or whose practice is, is looked at again with the next look, if it is still there.
      for (const pod of fresh) await add(pod).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();

  const open = () =>
    posts.flatMap(({ name, prober }) => prober.open().map((way) => names.get(`${name}: ${way}`) ?? way));
  return {
    tried: () => [...names.values()],
    open,
    stop: async () => {
      ended.abort();
      await looking;
      await Promise.all(posts.map(({ prober }) => prober.stop()));
    },
  };
}

type Ports = readonly (readonly [Way["protocol"], number])[];

/** What anybody of the practice listens on. */
function portsOf(walls: readonly Walls[]): Ports {
  const all = walls.flatMap(({ listens }) => listens.map(({ protocol, port }) => [protocol, port] as const));
  return [...new Map(all.map((port) => [port.join(" "), port])).values()];
}

async function post(name: string, party: Party, place: Exclude<Place, string>, address?: string): Promise<Post> {
  await answerEverything(place);
  return { name, party, place, ...(address && { address }), prober: await startProber(place) };
}

async function startProber(place: Place) {
  const [command = "", ...args] = await commandTo(place, process.execPath, "-e", PROBER, "again");
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  const found = new Set<string>();
  const lines = createInterface({ input: child.stdout });
  const exit = once(child, "exit");
  // A pod may be gone before anybody has entered its network.
  const never = exit.then(([code]) => Promise.reject(new Error(`A prober ended with ${code} before it had begun.`)));
  await Promise.race([once(lines, "line"), never]);
  lines.on("line", (line) => found.add(line));
  return {
    add: (ways: readonly Way[]) => void child.stdin.write(`${JSON.stringify(ways)}\n`),
    open: () => [...found],
    stop: async () => {
      // One that ended by itself tried nothing any more, and would have found nothing.
      if (child.exitCode !== null) throw new Error(`A prober ended by itself with ${child.exitCode}.`);
      child.stdin.end();
      await exit;
    },
  };
}

/** Resolves once every way that is tried has been found open: that a patrol sees what there is to be seen. */
export function expectAllOpen({ tried, open }: Patrol): Promise<unknown> {
  const all = () => {
    const seen = new Set(open());
    const unseen = tried().filter((name) => !seen.has(name));
    if (unseen.length > 0) throw new Error(`Not found open: ${unseen.join(", ")}`);
    return Promise.resolve(true);
  };
  return waitFor(all, { timeout: 60_000, interval: 500, what: "every way to be open" });
}
