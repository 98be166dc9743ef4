import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import type { Place } from "../../bed/node/places.ts";
import { commandTo, runAt } from "./node.ts";
import { PROBER, type Way } from "./prober.ts";

/** Somewhere a packet can come from; with a name for messages. */
export interface From {
  readonly name: string;
  readonly place: Place;
}

/** Something that a packet can go to. */
export interface To {
  readonly name: string;
  readonly host: string;
  readonly ports: readonly (readonly [Way["protocol"], number])[];
}

/** How a way is called: `front to postgres TCP 5432`. */
export function wayName(from: string, to: string, protocol: string, port: number): string {
  return `${from} to ${to} ${protocol} ${port}`;
}

/**
 * Kernels answer only some of the datagrams that nobody listens to, one a second for each asker. Here all of them are, so that
 * silence means a wall.
 */
export async function answerEverything(place: Place): Promise<void> {
  await runAt(place, "sh", "-c", "echo 0 > /proc/sys/net/ipv4/icmp_ratelimit");
}

/**
 * Ways that are tried at a time, from all places together. A policy engine that does not keep up loses packets, and what is
 * lost looks like a wall: of all 8,300 ways at once 2,489 packets were lost, of so many none (the kernel counts them in
 * /proc/net/netfilter/nfnetlink_queue). It holds 1,024 (kube-network-policies, pkg/dataplane/controller.go, `MaxQueueLen`),
 * and each way has one there and one back.
 */
const AT_ONCE = 512;

/** The ways on which something came through, of all from these places to these targets but their own. */
export async function measure(froms: readonly From[], tos: readonly To[]): Promise<ReadonlySet<string>> {
  const atOnce = Math.ceil(AT_ONCE / froms.length);
  const found = await Promise.all(
    froms.map(async ({ name, place }) => {
      const targets = tos.filter((to) => to.name !== name);
      const ways = targets.flatMap(({ host, ports }) => ports.map(([protocol, port]) => ({ protocol, host, port })));
      const open = await tryFrom(place, ways, atOnce);
      return targets.flatMap(({ name: to, host, ports }) =>
        ports.flatMap(([protocol, port]) =>
          open.has(`${protocol} ${host} ${port}`) ? [wayName(name, to, protocol, port)] : [],
        ),
      );
    }),
  );
  return new Set(found.flat());
}

async function tryFrom(place: Place, ways: readonly Way[], atOnce: number): Promise<ReadonlySet<string>> {
  const [command = "", ...args] = await commandTo(place, process.execPath, "-e", PROBER, String(atOnce));
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("close", resolve);
    child.on("error", reject);
  });
  child.stdin.end(`${JSON.stringify(ways)}\n`);
  const said = await text(child.stdout);
  const code = await ended;
  if (code !== 0) throw new Error(`The prober ended with ${code}.`);
  return new Set(said.split("\n").filter(Boolean));
}

// include/net/tcp_states.h: 0A listens; a datagram socket without a peer is 07.
const TABLES = { tcp: ["TCP", "0A"], tcp6: ["TCP", "0A"], udp: ["UDP", "07"], udp6: ["UDP", "07"] } as const;

/** Ports at which a pod has somebody, by its own kernel; those on loopback too. */
export async function portsOf(place: Place): Promise<readonly (readonly [Way["protocol"], number])[]> {
  const names = Object.keys(TABLES) as (keyof typeof TABLES)[];
  const script = `for table in ${names.join(" ")}; do sed "s/^/$table /" /proc/net/$table; done`;
  const all = (await runAt(place, "sh", "-c", script)).split("\n").flatMap((line) => {
    const [table, , local = "", , at] = line.split(/\s+/);
    const [protocol, state] = TABLES[table as keyof typeof TABLES] ?? [];
    return protocol && at === state ? [[protocol, Number.parseInt(local.split(":")[1] ?? "", 16)] as const] : [];
  });
  const found = new Map(all.map((port) => [port.join(" "), port]));
  return [...found.values()].toSorted(([a, x], [b, y]) => a.localeCompare(b) || x - y);
}
