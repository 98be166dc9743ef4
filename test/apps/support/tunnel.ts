import { kitFiles } from "../../../src/entry/kit/files.ts";
import { someSite } from "../../entry/support/gallery.ts";
import { waitFor } from "../../bed/wait.ts";
import { type NetworkWorld, startNetworkWorld } from "./network-world.ts";

/** Where the kit's own configuration looks for its script. */
export const KILL_SWITCH = "/usr/local/sbin/kill-switch.sh";
/** A name server that is reached through the tunnel, once it is up. */
const NAME_SERVER = "198.51.100.1";

/** A computer with the kit's files, and the other end of its tunnel, run by userspace WireGuard. */
export interface TunnelWorld extends NetworkWorld {
  /** The kit's `tunnel.conf` with its gaps filled in. */
  readonly withSwitch: string;
  /** The same without its kill switch. */
  readonly without: string;
  /** Brings the tunnel up as people do, and sees it carry something. */
  readonly up: (configuration: string) => Promise<void>;
  /** Ends the tunnel's program as a crash does. */
  readonly kill: () => Promise<unknown>;
}

/** @throws Error with a sentence for people without the rights to make network namespaces. */
export async function startTunnelWorld(): Promise<TunnelWorld> {
  const world = await startNetworkWorld();
  const files = kitFiles(someSite("en"));
  const [mine = "", minePublic = "", theirs = "", theirsPublic = ""] = (
    await world.shell("for i in 1 2; do key=$(wg genkey); echo $key; echo $key | wg pubkey; done")
  ).split("\n");
  const withSwitch = files["tunnel.conf"].text
    .replace("<private key of this computer>", mine)
    .replace("<address of this computer in the tunnel, such as 10.66.0.2/32, fd66::2/128>", "10.66.0.2/32, fd66::2/128")
    .replace("<address of the name server in the tunnel>", NAME_SERVER)
    .replace("<public key of the server>", theirsPublic)
    .replace("<address of the server>", "192.0.2.1");
  if (/^[^#].*[<>]/m.test(withSwitch)) throw new Error(`The template has gaps that nothing fills:\n${withSwitch}`);
  const without = withSwitch.replaceAll(/^(?:PreUp|PostDown) = .*\n/gm, "");
  if (without === withSwitch) throw new Error("The template has no kill switch.");
  await world.shell(`umask 077
cat > ${KILL_SWITCH} <<'END'
${files["kill-switch.sh"].text}END
chmod 755 ${KILL_SWITCH}
cat > /run/server.conf <<'END'
[Interface]
PrivateKey = ${theirs}
ListenPort = 51820
[Peer]
PublicKey = ${minePublic}
AllowedIPs = 10.66.0.2/32, fd66::2/128
END`);
  await world.on(
    "outside",
    `wireguard-go server >/dev/null 2>&1
until wg setconf server /run/server.conf 2>/dev/null; do sleep 0.1; done
ip link set server up
ip route add 10.66.0.2/32 dev server
ip route add fd66::2/128 dev server`,
  );
  return {
    ...world,
    withSwitch,
    without,
    up: async (configuration) => {
      await world.shell(`umask 077; cat > /etc/wireguard/tunnel.conf <<'END'\n${configuration}END`);
      await world.on("client", "wg-quick up tunnel >/run/up 2>&1 || { cat /run/up >&2; exit 1; }");
      await waitFor(async () => (await world.reach()).tcp4, { what: "the tunnel to carry something" });
      await world.seen();
    },
    kill: () =>
      world.on(
        "client",
        `for pid in $(ip netns pids client); do
  [ "$(cat /proc/$pid/comm 2>/dev/null)" = wireguard-go ] && kill -9 $pid
done
while ip link show tunnel >/dev/null 2>&1; do sleep 0.1; done`,
      ),
  };
}
