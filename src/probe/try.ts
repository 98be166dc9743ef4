import { echo, getsThrough, type Way } from "./dial.ts";
import { dnsQuestion, resolver } from "./dns.ts";
import type { Target } from "./options.ts";
import type { Told } from "./report.ts";

/** A new pod's walls, and its ways, may take a moment to be there on its node. */
const LONGEST_MS = 30_000;

/** What is open is found at once, and is not asked all the time. */
const PAUSE_MS = 1000;

interface Around {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** How long to wait for what is declared to become true. */
  readonly longestMs?: number;
  readonly resolverFile?: string;
}

/**
 * Tries all of it at once, and again what is not as declared, until it is or the time is over.
 * @returns what was not as declared in the end, and what was open at first and then closed. Names only.
 */
export async function tryAll(targets: readonly Target[], around: Around): Promise<Told> {
  const until = performance.now() + (around.longestMs ?? LONGEST_MS);
  const late = new Set<string>();
  let wrong = targets;
  for (;;) {
    const through = await Promise.all(wrong.map((target) => isOpen(target, around)));
    wrong = wrong.filter((target, index) => through[index] !== target.open);
    for (const { name, open } of wrong) if (!open) late.add(name);
    if (wrong.length === 0 || performance.now() >= until) break;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  const open = wrong.filter((target) => !target.open).map(({ name }) => name);
  const shut = wrong.filter((target) => target.open).map(({ name }) => name);
  return { tried: targets.length, open, shut, late: [...late].filter((name) => !open.includes(name)) };
}

async function isOpen(target: Target, around: Around): Promise<boolean> {
  const way = wayTo(target, around);
  return way !== undefined && getsThrough(way);
}

/** `undefined` where there is nothing to try: no resolver, no API server that this pod was told of. */
function wayTo({ kind, protocol, host, port }: Target, { environment, resolverFile }: Around): Way | undefined {
  if (kind === "apiServer") {
    const { KUBERNETES_SERVICE_HOST: server, KUBERNETES_SERVICE_PORT: at } = environment;
    return server === undefined ? undefined : { host: server, port: Number(at ?? 443), protocol };
  }
  if (kind === "dns" || kind === "besideDns") {
    const server = resolver(resolverFile);
    if (server === undefined) return undefined;
    return kind === "dns"
      ? { host: server, port: port ?? 53, protocol, question: dnsQuestion(protocol) }
      : { host: server, port: port ?? 0, protocol };
  }
  if (host === undefined || port === undefined) return undefined;
  return { host, port, protocol, ...(kind === "listener" && { question: echo() }) };
}
