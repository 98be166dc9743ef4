import type { Seen } from "../apps/support/network-world.ts";
import { startTunnelWorld, type TunnelWorld } from "../apps/support/tunnel.ts";
import { type Attack, group } from "./attack.ts";

interface Stage {
  readonly world: TunnelWorld;
  readonly configuration: string;
  readonly stop: () => Promise<void>;
}

/** Ends the tunnel's program, and looks whether something then leaves that is not in the tunnel. */
const leaks = (id: string, does: string, packets: keyof Seen, ways: readonly ("tcp4" | "tcp6" | "dns4" | "dns6")[]) =>
  ({
    id,
    promise: 1,
    does,
    run: async ({ world, configuration }) => {
      await world.up(configuration);
      await world.kill();
      await world.seen();
      const reached = await world.reach();
      const left = (await world.seen())[packets];
      await world.on("client", "kill-switch.sh off");
      if (left > 0 && ways.some((way) => reached[way])) return "succeeded";
      if (left === 0 && ways.every((way) => !reached[way])) return "failed";
      throw new Error(`${left} packets left, but ${JSON.stringify(reached)} was reached.`);
    },
  }) satisfies Attack<Stage>;

export const leakAttacks = group<Stage>({
  defence: "kit: the rules of kill-switch.sh, which do not depend on the tunnel",
  parts: ["kill-switch.sh", "nftables", "wg-quick", "userspace WireGuard"],
  start: async (defended) => {
    const world = await startTunnelWorld();
    return { world, configuration: defended ? world.withSwitch : world.without, stop: world.stop };
  },
  attacks: [
    leaks(
      "tunnel-ended-ipv4",
      "Somebody ends the tunnel of a practice's computer, and reads what it sends over IPv4.",
      "clear4",
      ["tcp4", "dns4"],
    ),
    leaks(
      "tunnel-ended-ipv6",
      "Somebody ends the tunnel of a practice's computer, and reads what it sends over IPv6.",
      "clear6",
      ["tcp6", "dns6"],
    ),
    leaks(
      "tunnel-ended-names",
      "Somebody ends the tunnel of a practice's computer, and reads which names it asks for.",
      "dns",
      ["dns4", "dns6"],
    ),
  ],
});
