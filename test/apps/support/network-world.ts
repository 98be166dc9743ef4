import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../bed/run.ts";
import { waitFor } from "../../bed/wait.ts";
import { unpackedPackages } from "./debian.ts";
import { libraryPath } from "./programs.ts";

/**
 * A computer, `client`, and everything outside of it, `outside`: two network namespaces with one cable between them, in
 * a mount and process namespace of their own. Everything in it is gone when it is stopped. Outside there is a web and
 * name server at 198.51.100.1 and 2001:db8:1::1, and room for the other end of a tunnel; what comes in by the cable is
 * counted.
 */
export interface NetworkWorld {
  /** Runs a shell script on one side; returns what it prints. */
  readonly on: (side: "client" | "outside", script: string) => Promise<string>;
  /** Runs a shell script between the two: files are the same for both. */
  readonly shell: (script: string) => Promise<string>;
  /** Packets that came in by the cable since the last question. */
  readonly seen: () => Promise<Seen>;
  /** What the client reaches outside. */
  readonly reach: () => Promise<Readonly<Record<"tcp4" | "tcp6" | "dns4" | "dns6", boolean>>>;
  readonly stop: () => Promise<void>;
}

export interface Seen {
  /** Within the tunnel. */
  readonly tunnel: number;
  /** As they are, but for finding one's neighbour and one's own address. */
  readonly clear4: number;
  readonly clear6: number;
  /** Those of them that ask for names. */
  readonly dns: number;
}

/** Changes of /etc stay in here. @param root has the program that keeps the list of name servers. */
const setup = (root: string) => `mount -t tmpfs none /run
mkdir /run/etc /run/work
mount -t overlay -o lowerdir=/etc,upperdir=/run/etc,workdir=/run/work none /etc
mkdir -p /etc/wireguard
echo "LIBEXECDIR=${root}/lib/resolvconf" > /etc/resolvconf.conf
rm -f /etc/resolv.conf
echo "nameserver 192.0.2.53" > /etc/resolv.conf
mount -t tmpfs none /usr/local/sbin
ip netns add client
ip netns add outside
ip link add cable netns client type veth peer name cable netns outside
ip -n client link set lo up
ip -n client address add 192.0.2.10/24 dev cable
ip -n client address add 2001:db8::10/64 dev cable nodad
ip -n client link set cable up
ip -n client route add default via 192.0.2.1
ip -n client route add default via 2001:db8::1
ip -n outside link set lo up
ip -n outside address add 192.0.2.1/24 dev cable
ip -n outside address add 2001:db8::1/64 dev cable nodad
ip -n outside link set cable up
ip -n outside address add 198.51.100.1/32 dev lo
ip -n outside address add 2001:db8:1::1/128 dev lo nodad
ip netns exec outside nft -f - <<RULES
table inet seen {
  counter tunnel {}
  counter clear4 {}
  counter clear6 {}
  counter dns {}
  chain in {
    type filter hook prerouting priority -300;
    iifname != "cable" accept
    udp dport 51820 counter name tunnel accept
    icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert, mld2-listener-report } accept
    meta l4proto { tcp, udp } th dport 53 counter name dns
    meta nfproto ipv4 counter name clear4
    meta nfproto ipv6 counter name clear6
  }
}
RULES`;

/** Answers on TCP port 80 and UDP port 53 of every address. */
const SERVER = `
const { createServer } = require("node:net");
const { createSocket } = require("node:dgram");
createServer((socket) => socket.on("error", () => {}).end("here")).listen(80, "::");
for (const type of ["udp4", "udp6"]) {
  const socket = createSocket({ type, ipv6Only: type === "udp6" });
  socket.on("message", (message, { port, address }) => socket.send(message, port, address));
  socket.bind(53);
}`;

/** Tries each once and tells which answered within three seconds. */
const PROBE = `
const { connect } = require("node:net");
const { createSocket } = require("node:dgram");
const tcp = (host) => new Promise((resolve) => {
  const socket = connect(80, host);
  socket.on("data", () => resolve(true)).on("error", () => resolve(false));
  setTimeout(() => resolve(false), 3000);
});
const dns = (type, host) => new Promise((resolve) => {
  const socket = createSocket(type);
  socket.on("message", () => resolve(true)).on("error", () => resolve(false));
  socket.send("who is it", 53, host, (error) => error && resolve(false));
  setTimeout(() => resolve(false), 3000);
});
Promise.all([tcp("198.51.100.1"), tcp("2001:db8:1::1"), dns("udp4", "198.51.100.1"), dns("udp6", "2001:db8:1::1")])
  .then(([tcp4, tcp6, dns4, dns6]) => {
    console.log(JSON.stringify({ tcp4, tcp6, dns4, dns6 }));
    process.exit();
  });`;

/** @throws Error with a sentence for people without the rights to make network namespaces. */
export async function startNetworkWorld(): Promise<NetworkWorld> {
  if (process.getuid?.() !== 0) {
    throw new Error(
      "The kill switch was not tested: it needs root, to make network namespaces. Run the tests as root.",
    );
  }
  const root = await unpackedPackages("wireguard", [
    "wireguard-go",
    "wireguard-tools",
    "nftables",
    "iproute2",
    "procps",
    "openresolv",
  ]);
  const folders = ["usr/bin", "usr/sbin", "bin", "sbin"].map((folder) => join(root, folder));
  const env = { ...libraryPath(root), PATH: [...folders, process.env.PATH].join(":") };
  const holder = spawn(
    "unshare",
    ["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", "sleep infinity"],
    { env: { ...process.env, ...env }, stdio: "ignore" },
  );
  const ended = new Promise((resolve) => holder.once("exit", resolve));
  const inside = await waitFor(
    async () => (await readFile(`/proc/${holder.pid}/task/${holder.pid}/children`, "utf8")).trim() || undefined,
    { what: "a network of its own", interval: 20 },
  );
  const shell = (script: string) =>
    run("nsenter", ["--target", inside, "--mount", "--net", "--pid", "sh", "-ec", script], { env });
  // A script of several lines is one argument.
  const on = (side: "client" | "outside", script: string) =>
    run(
      "nsenter",
      ["--target", inside, "--mount", "--net", "--pid", "ip", "netns", "exec", side, "bash", "-ec", script],
      { env },
    );
  await waitFor(() => shell("grep -q infinity /proc/1/cmdline").then(() => true), {
    what: "its processes",
    interval: 20,
  });
  await shell(setup(root));
  const node = process.execPath;
  await on("outside", `${node} -e '${SERVER}' >/dev/null 2>&1 &`);
  const reach = async () =>
    JSON.parse(await on("client", `${node} -e '${PROBE}'`)) as Awaited<ReturnType<NetworkWorld["reach"]>>;
  const seen = async () => {
    const text = await on("outside", "nft -j reset counters table inet seen");
    const { nftables } = JSON.parse(text) as { nftables: { counter?: { name: string; packets: number } }[] };
    return Object.fromEntries(
      nftables.flatMap(({ counter }) => (counter ? [[counter.name, counter.packets]] : [])),
    ) as unknown as Seen;
  };
  await waitFor(async () => Object.values(await reach()).every(Boolean), { what: "the servers outside" });
  await seen();
  return {
    on,
    shell,
    seen,
    reach,
    stop: async () => {
      holder.kill("SIGKILL"); // and with it everything inside
      await ended;
    },
  };
}
