import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KILL_SWITCH, startTunnelWorld, type TunnelWorld } from "../support/tunnel.ts";

const ALL = { tcp4: true, tcp6: true, dns4: true, dns6: true };
const NONE = { tcp4: false, tcp6: false, dns4: false, dns6: false };

let world: TunnelWorld;
beforeAll(async () => (world = await startTunnelWorld()));
afterAll(() => world?.stop());

const state = (script: string) => world.on("client", script);
const look = async () => ({ reach: await world.reach(), seen: await world.seen() });
const rules = () => state("nft list ruleset; ip rule; ip -6 rule");

describe("without the kill switch", () => {
  it("a tunnel that is killed lets everything out as it is: IPv4, IPv6 and names", async () => {
    await world.up(world.without);
    const inTunnel = await look();
    expect(inTunnel).toMatchObject({ reach: ALL, seen: { clear4: 0, clear6: 0, dns: 0 } });
    expect(inTunnel.seen.tunnel).toBeGreaterThan(3);
    await world.kill();
    const leaked = await look();
    expect(leaked.reach).toEqual(ALL);
    for (const packets of [leaked.seen.clear4, leaked.seen.clear6, leaked.seen.dns]) expect(packets).toBeGreaterThan(0);
    await world.up(world.without);
    await state("wg-quick down tunnel");
  });
});

describe("with the kill switch", () => {
  it("names are asked of the tunnel's own server alone while the tunnel is up, and as before when it ends", async () => {
    const asked = () => state("cat /etc/resolv.conf");
    const before = await asked();
    await world.up(world.withSwitch);
    expect((await asked()).match(/^nameserver .*$/gm)).toEqual(["nameserver 198.51.100.1"]);
    await world.seen();
    await state("getent hosts somebody.example || true");
    const { seen } = await look();
    expect(seen).toMatchObject({ clear4: 0, clear6: 0, dns: 0 });
    expect(seen.tunnel).toBeGreaterThan(0);
    await state("wg-quick down tunnel");
    expect(await asked()).toBe(before);
  });

  it("a tunnel that is up carries everything, and only the tunnel leaves", async () => {
    const before = await rules();
    await world.up(world.withSwitch);
    const inTunnel = await look();
    expect(inTunnel).toMatchObject({ reach: ALL, seen: { clear4: 0, clear6: 0, dns: 0 } });
    expect(inTunnel.seen.tunnel).toBeGreaterThan(3);
    await state("wg-quick down tunnel");
    expect(await rules()).toBe(before);
    expect((await look()).reach).toEqual(ALL);
  });

  it("a tunnel that is killed lets nothing out: not IPv4, not IPv6, not a name", async () => {
    await world.up(world.withSwitch);
    await world.kill();
    expect(await look()).toEqual({ reach: NONE, seen: { tunnel: 0, clear4: 0, clear6: 0, dns: 0 } });
    expect(await state(`${KILL_SWITCH} status`)).toBe("kill-switch: on\n");
    // Back with the tunnel, and all as before when it ends on purpose.
    await world.up(world.withSwitch);
    expect((await look()).reach).toEqual(ALL);
    await state("wg-quick down tunnel");
    expect(await state(`${KILL_SWITCH} status || echo $?`)).toBe("kill-switch: off\n3\n");
    expect((await look()).reach).toEqual(ALL);
  });

  it("nothing leaves while the tunnel is still being made, or when it cannot be", async () => {
    await world.shell(`umask 077; cat > /etc/wireguard/tunnel.conf <<'END'
${world.withSwitch.replace("Address = ", "Address = 999.0.0.1/32, ")}END`);
    await state("! wg-quick up tunnel 2>/run/refused");
    expect(await look()).toMatchObject({ reach: NONE, seen: { clear4: 0, clear6: 0, dns: 0 } });
    await state(`${KILL_SWITCH} off`);
    expect((await look()).reach).toEqual(ALL);
  });

  it("that is taken away by hand leaves all as before, and others' rules untouched", async () => {
    await state("nft add table inet mine");
    const before = await rules();
    await state(`${KILL_SWITCH} on tunnel 51820; ${KILL_SWITCH} on tunnel 51820`);
    expect((await look()).reach).toEqual(NONE);
    await state(`${KILL_SWITCH} off; ${KILL_SWITCH} off`);
    expect(await rules()).toBe(before);
    expect((await look()).reach).toEqual(ALL);
  });

  it("lets no other program out that knows the mark, but as the tunnel does: over UDP", async () => {
    await state(`${KILL_SWITCH} on tunnel 51820`);
    await world.seen();
    await state(`nft add table inet forge; nft 'add chain inet forge out { type route hook output priority -10; }'
nft add rule inet forge out meta l4proto tcp meta mark set 51820`);
    expect(await look()).toMatchObject({ reach: NONE, seen: { clear4: 0, clear6: 0 } });
    await state(`nft delete table inet forge; ${KILL_SWITCH} off`);
  });

  it.each([
    ["on", "Please give the interface and the mark"],
    ["on 'x\" accept; }' 1", "This is not the name of an interface"],
    ["on tunnel '1 accept'", "The mark is a number"],
    ["shut", "Please say on, off or status."],
  ])("refuses `%s` and says what to do", async (words, sentence) => {
    expect(await state(`${KILL_SWITCH} ${words} 2>&1 && echo done || true`)).toContain(`kill-switch: ${sentence}`);
    expect(await state(`${KILL_SWITCH} status || true`)).toBe("kill-switch: off\n");
  });
});
