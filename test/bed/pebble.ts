import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Agent, request } from "undici";
import { cacheEntry, kept } from "./cache.ts";
import { goInstall } from "./go.ts";
import { createAuthority } from "./pki.ts";
import { freePort } from "./ports.ts";
import type { ProcessGroup } from "./processes.ts";
import { withProgress } from "./progress.ts";
import { waitFor } from "./wait.ts";

const module = "github.com/letsencrypt/pebble/v2";
const version = "v2.10.1";

/** An ACME server refuses whoever does not say who asks (RFC 8555, 6.1). */
const USER_AGENT = { "user-agent": "test-bed" };

/** Builds Pebble, Let's Encrypt's small ACME server for tests, and its challenge DNS; returns the folder of both. */
export function provisionPebble(): Promise<string> {
  return kept(cacheEntry("pebble", [version]), (into) =>
    withProgress(`building Pebble ${version}`, async () => {
      for (const program of ["pebble", "pebble-challtestsrv"])
        await goInstall(`${module}/cmd/${program}`, version, into);
    }),
  );
}

export interface PebbleOptions {
  /** Where both listen; loopback when absent. */
  readonly address?: string;
  /** Where every name that Pebble validates leads; nothing listens there when absent. */
  readonly hostsAt?: string;
  /** Port at which challenges are asked for; that of the internet, 80, when absent. */
  readonly httpPort?: number;
  /** Domains, with all below, for which Pebble issues nothing. */
  readonly refuses?: readonly string[];
}

export interface Pebble {
  /** For `spec.certificates.acme.server`. */
  readonly directory: string;
  /** Path of the PEM that a client must trust to talk to it. */
  readonly trust: string;
  /** HOST:PORT of the DNS that knows where the hosts are. */
  readonly nameserver: string;
  /** PEM of the root of what it issues. */
  readonly root: () => Promise<string>;
}

/** A program as it is started. */
interface Start {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Pebble with a DNS of its own, ready to be started in a network that has its address. It validates for real: what it
 * issues, it has seen the challenge of. Its usual delays and refusals at random (`PEBBLE_VA_*`, `PEBBLE_WFE_NONCEREJECT`)
 * are off, so that a run is a run; so is its reuse of proofs at random.
 */
export async function preparePebble(
  directory: string,
  { address = "127.0.0.1", hostsAt = "127.0.0.2", httpPort = 80, refuses = [] }: PebbleOptions = {},
): Promise<Omit<Pebble, "root"> & { readonly programs: readonly Start[]; readonly rootUrl: string }> {
  const programs = await provisionPebble();
  const folder = await mkdtemp(join(directory, "pebble-"));
  const [acme, management, dns, dnsManagement] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const authority = await createAuthority();
  const { cert, key } = await authority.issue({ user: "pebble", addresses: [address] });
  const file = (name: string) => join(folder, name);
  const pebble = {
    listenAddress: `${address}:${acme}`,
    managementListenAddress: `${address}:${management}`,
    certificate: file("server.crt"),
    privateKey: file("server.key"),
    httpPort,
    tlsPort: 443,
    domainBlocklist: refuses,
    retryAfter: { authz: 1, order: 1 },
    keyAlgorithm: "ecdsa",
    profiles: { default: { description: "as a public authority", validityPeriod: 7_776_000 } },
  };
  await Promise.all([
    writeFile(file("config.json"), JSON.stringify({ pebble })),
    writeFile(file("server.crt"), cert),
    writeFile(file("server.key"), key),
    writeFile(file("trust.pem"), authority.cert),
  ]);
  const nameserver = `${address}:${dns}`;
  return {
    directory: `https://${address}:${acme}/dir`,
    rootUrl: `https://${address}:${management}/roots/0`,
    trust: file("trust.pem"),
    nameserver,
    programs: [
      {
        name: "pebble-dns",
        command: join(programs, "pebble-challtestsrv"),
        args: [
          `-dnsserver=${nameserver}`,
          `-management=${address}:${dnsManagement}`,
          `-defaultIPv4=${hostsAt}`,
          ...["defaultIPv6", "http01", "https01", "tlsalpn01", "doh"].map((name) => `-${name}=`),
        ],
        env: {},
      },
      {
        name: "pebble",
        command: join(programs, "pebble"),
        args: [`-config=${file("config.json")}`, `-dnsserver=${nameserver}`],
        env: { PEBBLE_VA_NOSLEEP: "1", PEBBLE_WFE_NONCEREJECT: "0", PEBBLE_AUTHZREUSE: "0" },
      },
    ],
  };
}

/** Runs Pebble in a group, on addresses of this machine. */
export async function startPebble(
  group: ProcessGroup,
  directory: string,
  options: PebbleOptions = {},
): Promise<Pebble> {
  const { programs, rootUrl, ...pebble } = await preparePebble(directory, options);
  for (const { name, command, args, env } of programs) group.start(name, command, args, env);
  const ca = await readFile(pebble.trust, "utf8");
  const ask = async (url: string) => {
    const dispatcher = new Agent({ connect: { ca } });
    try {
      return await (await request(url, { dispatcher, headers: USER_AGENT })).body.text();
    } finally {
      await dispatcher.close();
    }
  };
  await waitFor(async () => (await ask(pebble.directory)).includes("newOrder"), { what: "Pebble to answer" });
  return { ...pebble, root: () => ask(rootUrl) };
}
