import { z } from "zod";
import { Away } from "./away.ts";
import { newRoom, roomName } from "./capability.ts";
import { CONTROL_PATH, type ControlAct, signControl } from "./control.ts";
import type { Parties, SigningKey } from "./token.ts";

/** Who waits to be let in, and since when, in seconds. */
export interface Waiting {
  readonly holder: string;
  readonly since: number;
  /** The number of the word that they chose. */
  readonly word?: number;
}

/** Prosody's internal interface, asked. Every question throws `Away` when it gets no good answer. */
export interface Prosody {
  readonly revoke: (holder: string, until: number) => Promise<void>;
  readonly waiting: (room: string) => Promise<readonly Waiting[]>;
  readonly admit: (room: string, holder: string) => Promise<void>;
  readonly end: (room: string) => Promise<void>;
  /** When a slot that ends at `until` is over: staff in the room may have made it last longer. Seconds. */
  readonly ends: (room: string, until: number) => Promise<number>;
  /** Since when Prosody remembers what it was told: it keeps that in memory alone. */
  readonly started: () => Promise<number>;
}

const ANSWER = z.object({
  started: z.int(),
  ends: z.int().optional(),
  waiting: z.array(z.object({ sub: z.string(), since: z.int(), word: z.int().optional() })).optional(),
});
const PATIENCE_MS = 3_000;

export function prosodyAt(url: string, key: SigningKey, parties: Parties, now: () => number): Prosody {
  async function ask(act: ControlAct): Promise<z.output<typeof ANSWER>> {
    try {
      const answer = await fetch(`${url}${CONTROL_PATH}`, {
        method: "POST",
        body: await signControl(key, parties, act, now()),
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      if (!answer.ok) throw new Error(`It answered ${answer.status}.`);
      return ANSWER.parse(await answer.json());
    } catch (error) {
      throw new Away("calls", error);
    }
  }
  return {
    revoke: async (sub, until) => void (await ask({ act: "revoke", sub, until })),
    waiting: async (room) =>
      ((await ask({ act: "waiting", room })).waiting ?? []).map(({ sub, since, word }) => ({
        holder: sub,
        since,
        ...(word !== undefined && { word }),
      })),
    admit: async (room, sub) => void (await ask({ act: "admit", room, sub })),
    end: async (room) => void (await ask({ act: "end", room })),
    ends: async (room, until) => (await ask({ act: "ends", room, until })).ends ?? until,
    started: async () => (await ask({ act: "waiting", room: roomName(newRoom()) })).started,
  };
}
