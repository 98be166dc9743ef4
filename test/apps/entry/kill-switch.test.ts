import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kitFiles } from "../../../src/entry/kit/files.ts";
import { someSite } from "../../entry/support/gallery.ts";
import { waitFor } from "../../bed/wait.ts";
import { type NetworkWorld, startNetworkWorld } from "../support/network-world.ts";

const files = kitFiles(someSite("en"));
const SCRIPT = "/usr/local/sbin/kill-switch.sh";
const ALL = { tcp4: true, tcp6: true, dns4: true, dns6: true };
const NONE = { tcp4: false, tcp6: false, dns4: false, dns6: false };

let world: NetworkWorld;
/** The template with its gaps filled in, and the same without its kill switch. */
let withSwitch: string;
let without: string;

beforeAll(async () => {
  world = await startNetworkWorld();
  const [mine = "", minePublic = "", theirs = "", theirsPublic = ""] = (
    await world.shell("for i in 1 2; do key=$(wg genkey); echo $key; echo $key | wg pubkey; done")
  ).split("\n");
  withSwitch = files["tunnel.conf"].text
    .replace("<private key of this computer>", mine)
    .replace("<address of this computer in the tunnel, such as 10.66.0.2/32, fd66::2/128>", "10.66.0.2/32, fd66::2/128")
    .replace(/^DNS = .*\n/m, "") // needs resolvconf, which changes files of this machine
    .replace("<public key of the server>", theirsPublic)
    .replace("<address of the server>", "192.0.2.1");
  if (/^[^#].*[<>]/m.test(withSwitch)) throw new Error(`The template has gaps that nothing fills:\n${withSwitch}`);
  without = withSwitch.replaceAll(/^(?:PreUp|PostDown) = .*\n/gm, "");
  if (without === withSwitch) throw new Error("The template has no kill switch.");
  await world.shell(`umask 077
cat > ${SCRIPT} <<'END'
${files["kill-switch.sh"].text}END
chmod 755 ${SCRIPT}
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
});
afterAll(() => world?.stop());

const up = async (configuration: string) => {
  await world.shell(`umask 077; cat > /etc/wireguard/tunnel.conf <<'END'\n${configuration}END`);
  await world.on("client", "wg-quick up tunnel >/run/up 2>&1 || { cat /run/up >&2; exit 1; }");
  await waitFor(async () => (await world.reach()).tcp4, { what: "the tunnel to carry something" });
  await world.seen();
};
/** As when the program crashes. */
const kill = () =>
  world.on(
    "client",
    `for pid in $(ip netns pids client); do
  [ "$(cat /proc/$pid/comm 2>/dev/null)" = wireguard-go ] && kill -9 $pid
done
while ip link show tunnel >/dev/null 2>&1; do sleep 0.1; done`,
  );
const state = (script: string) => world.on("client", script);
const look = async () => ({ reach: await world.reach(), seen: await world.seen() });
const rules = () => state("nft list ruleset; ip rule; ip -6 rule");

describe("without the kill switch", () => {
  it("a tunnel that is killed lets everything out as it is: IPv4, IPv6 and names", async () => {
    await up(without);
    const inTunnel = await look();
    expect(inTunnel).toMatchObject({ reach: ALL, seen: { clear4: 0, clear6: 0, dns: 0 } });
    expect(inTunnel.seen.tunnel).toBeGreaterThan(3);
    await kill();
    const leaked = await look();
    expect(leaked.reach).toEqual(ALL);
    for (const packets of [leaked.seen.clear4, leaked.seen.clear6, leaked.seen.dns]) expect(packets).toBeGreaterThan(0);
    await up(without);
    await state("wg-quick down tunnel");
  });
});

describe("with the kill switch", () => {
  it("a tunnel that is up carries everything, and only the tunnel leaves", async () => {
    const before = await rules();
    await up(withSwitch);
    const inTunnel = await look();
    expect(inTunnel).toMatchObject({ reach: ALL, seen: { clear4: 0, clear6: 0, dns: 0 } });
    expect(inTunnel.seen.tunnel).toBeGreaterThan(3);
    await state("wg-quick down tunnel");
    expect(await rules()).toBe(before);
    expect((await look()).reach).toEqual(ALL);
  });

  it("a tunnel that is killed lets nothing out: not IPv4, not IPv6, not a name", async () => {
    await up(withSwitch);
    await kill();
    expect(await look()).toEqual({ reach: NONE, seen: { tunnel: 0, clear4: 0, clear6: 0, dns: 0 } });
    expect(await state(`${SCRIPT} status`)).toBe("kill-switch: on\n");
    // Back with the tunnel, and all as before when it ends on purpose.
    await up(withSwitch);
    expect((await look()).reach).toEqual(ALL);
    await state("wg-quick down tunnel");
    expect(await state(`${SCRIPT} status || echo $?`)).toBe("kill-switch: off\n3\n");
    expect((await look()).reach).toEqual(ALL);
  });

  it("nothing leaves while the tunnel is still being made, or when it cannot be", async () => {
    await world.shell(`umask 077; cat > /etc/wireguard/tunnel.conf <<'END'
${withSwitch.replace("Address = ", "Address = 999.0.0.1/32, ")}END`);
    await state("! wg-quick up tunnel 2>/run/refused");
    expect(await look()).toMatchObject({ reach: NONE, seen: { clear4: 0, clear6: 0, dns: 0 } });
    await state(`${SCRIPT} off`);
    expect((await look()).reach).toEqual(ALL);
  });

  it("that is taken away by hand leaves all as before, and others' rules untouched", async () => {
    await state("nft add table inet mine");
    const before = await rules();
    await state(`${SCRIPT} on tunnel 51820; ${SCRIPT} on tunnel 51820`);
    expect((await look()).reach).toEqual(NONE);
    await state(`${SCRIPT} off; ${SCRIPT} off`);
    expect(await rules()).toBe(before);
    expect((await look()).reach).toEqual(ALL);
  });

  it("lets no other program out that knows the mark, but as the tunnel does: over UDP", async () => {
    await state(`${SCRIPT} on tunnel 51820`);
    await world.seen();
    await state(`nft add table inet forge; nft 'add chain inet forge out { type route hook output priority -10; }'
nft add rule inet forge out meta l4proto tcp meta mark set 51820`);
    expect(await look()).toMatchObject({ reach: NONE, seen: { clear4: 0, clear6: 0 } });
    await state(`nft delete table inet forge; ${SCRIPT} off`);
  });

  it.each([
    ["on", "Please give the interface and the mark"],
    ["on 'x\" accept; }' 1", "This is not the name of an interface"],
    ["on tunnel '1 accept'", "The mark is a number"],
    ["shut", "Please say on, off or status."],
  ])("refuses `%s` and says what to do", async (words, sentence) => {
    expect(await state(`${SCRIPT} ${words} 2>&1 && echo done || true`)).toContain(`kill-switch: ${sentence}`);
    expect(await state(`${SCRIPT} status || true`)).toBe("kill-switch: off\n");
  });
});
