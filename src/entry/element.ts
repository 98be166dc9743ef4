import { signLink } from "./capability.ts";
import { digest, type Keys, type KeySet } from "./keys.ts";
import type { Matrix, Person } from "./matrix.ts";
import type { Closing, Room, Rooms } from "./rooms.ts";
import type { Store } from "./store.ts";

/** Why a call from a conversation does not come about. */
export type ElementRefusal = "unknown" | "notMember" | "notOpened" | Closing;

/** A way into the call of a conversation; staff also gets what ends or revokes it at the desk. */
export interface ElementPass {
  readonly room: string;
  readonly token: string;
  readonly staffLink?: string;
}

/** How long a call from a conversation may last, from when the first of staff opened it. Staff in it can extend. */
const WINDOW_SECONDS = 3 * 3600;
/** As many as a link can say. Who may be in at once is decided where the call is. */
const SEATS = 255;
const MODERATES_FROM = 50;

/**
 * Lets somebody into the call of a conversation of Matrix, by the OpenID token that Element got for them. A member of
 * staff with power there opens it and moderates; other members get in while it is open.
 */
export function elementExchange(parts: {
  readonly keys: Keys;
  readonly matrix: Matrix;
  readonly store: Store;
  readonly rooms: Rooms;
  readonly now: () => number;
}) {
  const { keys, matrix, store, rooms, now } = parts;
  const conversationOf = (set: KeySet, id: string) => digest(set.hashes, "conversation", id);

  /** The room of one window: the same for all members, and another one for the next window. */
  function roomIn(set: KeySet, id: string, until: number): { readonly room: Room; readonly staffLink: string } {
    const content = {
      role: "staff",
      room: digest(set.rooms, "conversation", id, String(until)).subarray(0, 16),
      starts: until - WINDOW_SECONDS,
      minutes: WINDOW_SECONDS / 60,
      people: SEATS,
    } as const;
    return { room: rooms.of({ key: set.id, ...content }), staffLink: signLink(set, content) };
  }

  /** The open window, under whichever key it was opened. */
  async function opened(id: string): Promise<{ readonly set: KeySet; readonly until: number } | undefined> {
    for (const set of [...keys.byId.values()].toSorted((one, other) => other.id - one.id)) {
      const until = await store.window(conversationOf(set, id), now());
      if (until !== undefined) return { set, until };
    }
    return undefined;
  }

  async function asModerator({ userId }: Person, id: string): Promise<ElementPass> {
    const before = await opened(id);
    const set = before?.set ?? keys.current;
    const closed =
      before && (await store.look(roomIn(set, id, before.until).room.key)).closed ? before.until : undefined;
    const fresh = Math.max(now() + WINDOW_SECONDS, (closed ?? 0) + 1);
    const until = await store.openWindow(conversationOf(set, id), now(), fresh, closed);
    const { room, staffLink } = roomIn(set, id, until);
    return { ...(await rooms.admitStaff(room, userId)), staffLink };
  }

  async function asMember({ userId }: Person, id: string): Promise<ElementPass | ElementRefusal> {
    const window = await opened(id);
    if (!window) return "notOpened";
    return rooms.admit(roomIn(window.set, id, window.until).room, userId);
  }

  return async (openid: string, id: string): Promise<ElementPass | ElementRefusal> => {
    const person = await matrix.who(openid, id);
    if (!person) return "unknown";
    if (!person.member) return "notMember";
    const moderates = person.staff && person.level >= MODERATES_FROM;
    return moderates ? asModerator(person, id) : asMember(person, id);
  };
}

export type ElementExchange = ReturnType<typeof elementExchange>;
