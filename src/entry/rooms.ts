import { type Capability, roomName } from "./capability.ts";
import { digest, type Keys, type KeySet } from "./keys.ts";
import type { Prosody } from "./prosody.ts";
import type { Receipts } from "./receipts.ts";
import { forgottenAt, type Margins, type Slot, slotOf } from "./slot.ts";
import type { Closed, RoomState, Store } from "./store.ts";
import { mintRoomToken, type Parties, type SigningKey } from "./token.ts";

/** What a room is known by: never its name, except towards the video stack. */
export interface Room {
  readonly capability: Capability;
  readonly slot: Slot;
  /** The key in the database: the number of the key set, and a keyed digest. */
  readonly key: Buffer;
}

/** Why somebody is not let in although their link is good. */
export type Closing = "late" | "revoked" | "used" | "full";

/** A way into a room. */
export interface Pass {
  readonly room: string;
  readonly token: string;
}

/** The rooms of a practice: who gets in, and how that is taken back. */
export interface Rooms {
  readonly of: (capability: Capability) => Room;
  /** What the video stack calls it. */
  readonly nameOf: (room: Room) => string;
  /** Whether the time of a room is over, the time that staff in it added included. */
  readonly isOver: (room: Room) => Promise<boolean>;
  /** Why a device would not be let in now, without changing anything. */
  readonly objection: (room: Room, device?: string) => Promise<Closing | undefined>;
  /**
   * Lets a patient's device in: the one thing that uses a use. The same device gets in again. Where the practice keeps
   * receipts, this one is kept with the seat. A word is kept nowhere: it travels in the token alone.
   */
  readonly admit: (
    room: Room,
    device: string,
    more?: { readonly receipt?: string; readonly word?: number },
  ) => Promise<Pass | Closing>;
  /** Lets staff in, who signed in as `account`. */
  readonly admitStaff: (room: Room, account: string) => Promise<Pass>;
  /**
   * Takes every patient's way in back, also one that was used; with `ended` the call ends for all.
   * @throws Away when it is remembered but Prosody could not be told yet; that is tried again.
   */
  readonly close: (room: Room, how: Closed) => Promise<void>;
  /** Tells Prosody again of everything that is taken back. */
  readonly tellAgain: () => Promise<void>;
}

/** What rooms need of the rest of the program. */
export interface RoomParts {
  readonly keys: Keys;
  readonly store: Store;
  /** Absent: the practice keeps none. */
  readonly receipts?: Receipts;
  readonly prosody: Prosody;
  readonly signingKey: SigningKey;
  readonly parties: Parties;
  readonly margins: Margins;
  /** Seconds since 1970. */
  readonly now: () => number;
}

/** Clocks of pods differ: a token is good a little before it is given. Seconds. */
const CLOCKS_DIFFER_BY = 60;
const HOLDER_BYTES = 18;

export function roomsOf(parts: RoomParts): Rooms {
  const { keys, store, receipts, prosody, signingKey, parties, margins, now } = parts;

  const setOf = (id: number): KeySet => keys.byId.get(id) ?? keys.current;
  const hashesOf = (key: Buffer) => setOf(key.readUInt16BE()).hashes;

  function of(capability: Capability): Room {
    const { id, hashes } = setOf(capability.key);
    const number = Buffer.alloc(2);
    number.writeUInt16BE(id);
    const key = Buffer.concat([number, digest(hashes, "room", capability.room)]);
    return { capability, key, slot: slotOf(capability, margins) };
  }

  /** Opaque, and the same for the same seat, so that it can be revoked without a list of whom it was given to. */
  const holder = (key: Buffer, ...whose: readonly string[]) =>
    digest(hashesOf(key), "holder", key, ...whose)
      .subarray(0, HOLDER_BYTES)
      .toString("base64url");
  const seatHolder = (key: Buffer, seat: number) => holder(key, "seat", String(seat));
  const deviceOf = ({ key }: Room, device: string) => digest(hashesOf(key), "device", key, device);

  async function pass({ capability, slot }: Room, holder: string, staff: boolean, word?: number): Promise<Pass> {
    const room = roomName(capability.room);
    // In the time after the slot patients get in while staff is there, and staff does in any case.
    const until = staff && now() >= slot.ends ? slot.closes : slot.ends;
    const token = await mintRoomToken(signingKey, parties, {
      room,
      holder,
      staff,
      from: slot.opens - CLOCKS_DIFFER_BY,
      until,
      ...(word !== undefined && { word }),
    });
    return { room, token };
  }

  const taken = ({ capability }: Room): Closing => (capability.people > 1 ? "full" : "used");
  const closing = (how: Closed): Closing => (how === "ended" ? "late" : how);

  async function isOver({ capability, slot }: Room): Promise<boolean> {
    if (now() < slot.closes) return false;
    if (now() >= forgottenAt(slot, margins)) return true;
    const ends = await prosody.ends(roomName(capability.room), slot.ends).catch(() => slot.ends);
    return now() >= ends;
  }

  async function objection(room: Room, device?: string): Promise<Closing | undefined> {
    if (await isOver(room)) return "late";
    const state: RoomState = await store.look(room.key, device === undefined ? undefined : deviceOf(room, device));
    if (state.closed) return closing(state.closed);
    return state.seat === undefined && state.seats >= room.capability.people ? taken(room) : undefined;
  }

  const admit: Rooms["admit"] = async (room, device, { receipt, word } = {}) => {
    if (await isOver(room)) return "late";
    const until = forgottenAt(room.slot, margins);
    const kept = receipts && receipt !== undefined ? await receipts.sealed(room.capability, receipt) : undefined;
    const seat = await store.take(room.key, deviceOf(room, device), room.capability.people, until, kept);
    if (typeof seat === "number") return pass(room, seatHolder(room.key, seat), false, word);
    return seat === "taken" ? taken(room) : closing(seat);
  };

  async function revokeSeats(key: Buffer, seats: number, until: number): Promise<void> {
    for (let seat = 1; seat <= seats; seat += 1) await prosody.revoke(seatHolder(key, seat), until);
  }

  return {
    of,
    isOver,
    nameOf: ({ capability }) => roomName(capability.room),
    objection,
    admit,
    admitStaff: (room, account) => pass(room, holder(room.key, "staff", account), true),
    close: async (room, how) => {
      const until = forgottenAt(room.slot, margins);
      // Each on its own: a call ends also while the database is away, and is remembered as ended while Prosody is.
      const ended = how === "ended" ? prosody.end(roomName(room.capability.room)) : Promise.resolve();
      const closed = store.close(room.key, how, until).then((seats) => revokeSeats(room.key, seats, until));
      const [first] = (await Promise.allSettled([closed, ended])).flatMap((one) =>
        one.status === "rejected" ? [one.reason as unknown] : [],
      );
      if (first !== undefined) throw first;
    },
    tellAgain: async () => {
      for (const { room, seats, until } of await store.closed(now())) await revokeSeats(room, seats, until);
    },
  };
}
