import { Pool, type PoolConfig } from "pg";
import { Away } from "./away.ts";

/**
 * What is remembered of rooms: keyed digests that expire, in the practice's own PostgreSQL. Whoever reads it learns
 * that there are rooms, not which, whose or when.
 */
export interface Store {
  /**
   * Takes a seat for a device, or finds the one it has: one statement, so that of any number at once exactly `seats`
   * win. A receipt is kept by the same statement, so no seat is taken without it. @returns the number of the seat,
   * from 1.
   */
  readonly take: (
    room: Buffer,
    device: Buffer,
    seats: number,
    until: number,
    receipt?: KeptReceipt,
  ) => Promise<number | Refused>;
  /** The receipts of a place, by seat. */
  readonly receipts: (place: Buffer) => Promise<readonly string[]>;
  /** What is known of a room, and whether a device has a seat in it. */
  readonly look: (room: Buffer, device?: Buffer) => Promise<RoomState>;
  /** From now on nobody takes a seat. @returns how many had one. */
  readonly close: (room: Buffer, how: Closed, until: number) => Promise<number>;
  /** Rooms that were closed and are not forgotten yet. */
  readonly closed: (now: number) => Promise<readonly ClosedRoom[]>;
  /**
   * The end of a conversation's window: of the one that is open, else of a new one that ends at `fresh`. `over` is the
   * end of a window that does not count any more.
   */
  readonly openWindow: (conversation: Buffer, now: number, fresh: number, over?: number) => Promise<number>;
  /** The end of the window that is open, if one is. */
  readonly window: (conversation: Buffer, now: number) => Promise<number | undefined>;
  /** Removes what is over. */
  readonly forget: (now: number) => Promise<void>;
  /** Removes receipts that are older, and all of them without a last day. Days since 1970. */
  readonly forgetReceipts: (today: number, lastDay: number | undefined) => Promise<void>;
  readonly end: () => Promise<void>;
}

export type Closed = "revoked" | "ended";
export type Refused = Closed | "taken";

export interface RoomState {
  readonly closed?: Closed;
  readonly seats: number;
  /** The device's own seat. */
  readonly seat?: number;
}

export interface ClosedRoom {
  readonly room: Buffer;
  readonly seats: number;
  readonly until: number;
}

/** A receipt as the database has it. */
export interface KeptReceipt {
  /** Where it is found: a keyed digest. */
  readonly place: Buffer;
  /** Encrypted. */
  readonly file: string;
  /** The last day, in days since 1970. */
  readonly until: number;
}

const TABLES = `
CREATE TABLE IF NOT EXISTS rooms (
  room bytea PRIMARY KEY,
  seats bytea[] NOT NULL DEFAULT '{}',
  closed text CHECK (closed IN ('revoked', 'ended')),
  until bigint NOT NULL
);
CREATE TABLE IF NOT EXISTS windows (conversation bytea PRIMARY KEY, until bigint NOT NULL);
CREATE TABLE IF NOT EXISTS receipts (
  place bytea,
  seat int,
  file text NOT NULL,
  until int NOT NULL,
  PRIMARY KEY (place, seat)
);
`;

const TAKE = `INSERT INTO rooms AS r (room, seats, until) VALUES ($1, ARRAY[$2::bytea], $4)
    ON CONFLICT (room) DO UPDATE
      SET seats = CASE WHEN $2 = ANY (r.seats) THEN r.seats ELSE r.seats || $2::bytea END
      WHERE r.closed IS NULL AND ($2 = ANY (r.seats) OR cardinality(r.seats) < $3)
    RETURNING array_position(seats, $2::bytea) AS seat`;

/** The statements, prepared once per connection under these names. */
const STATEMENTS = {
  take: TAKE,
  takeAndKeep: `WITH taken AS (${TAKE})
    INSERT INTO receipts (place, seat, file, until) SELECT $5, seat, $6, $7 FROM taken
    ON CONFLICT (place, seat) DO UPDATE SET file = excluded.file, until = excluded.until
    RETURNING seat`,
  receipts: `SELECT file FROM receipts WHERE place = $1 ORDER BY seat`,
  look: `SELECT closed, cardinality(seats) AS seats, array_position(seats, $2::bytea) AS seat FROM rooms WHERE room = $1`,
  close: `INSERT INTO rooms AS r (room, closed, until) VALUES ($1, $2, $3)
    ON CONFLICT (room) DO UPDATE SET closed = excluded.closed, until = greatest(r.until, excluded.until)
    RETURNING cardinality(seats) AS seats`,
  closed: `SELECT room, cardinality(seats) AS seats, until::float8 AS until FROM rooms
    WHERE closed IS NOT NULL AND until > $1`,
  openWindow: `INSERT INTO windows AS w (conversation, until) VALUES ($1, $3)
    ON CONFLICT (conversation) DO UPDATE
      SET until = CASE WHEN w.until <= $2 OR w.until = $4 THEN excluded.until ELSE w.until END
    RETURNING until::float8 AS until`,
  window: `SELECT until::float8 AS until FROM windows WHERE conversation = $1 AND until > $2`,
  forgetRooms: `DELETE FROM rooms WHERE until <= $1`,
  forgetWindows: `DELETE FROM windows WHERE until <= $1`,
  shortenReceipts: `UPDATE receipts SET until = $1 WHERE until > $1`,
  forgetReceipts: `DELETE FROM receipts WHERE until < $1 OR $2`,
} as const;

const LIMITS = {
  max: 4,
  connectionTimeoutMillis: 5_000,
  query_timeout: 3_000,
  statement_timeout: 2_500,
  idleTimeoutMillis: 60_000,
} satisfies PoolConfig;

/**
 * Opens the store; nothing is asked of the database before the first question, which also makes the tables.
 * @throws Away from every question that got no answer.
 */
export function openStore(server: PoolConfig): Store {
  const pool = new Pool({ ...server, ...LIMITS });
  // An idle connection that breaks is replaced by the next question.
  pool.on("error", () => undefined);
  let ready: Promise<unknown> | undefined;

  async function rows<Row extends object>(name: keyof typeof STATEMENTS, values: readonly unknown[]): Promise<Row[]> {
    try {
      ready ??= pool.query(TABLES);
      await ready;
      return (await pool.query<Row>({ name, text: STATEMENTS[name], values: [...values] })).rows;
    } catch (error) {
      ready = undefined;
      throw new Away("database", error);
    }
  }

  const look: Store["look"] = async (room, device) => {
    type Row = { closed: Closed | null; seats: number; seat: number | null };
    const [row] = await rows<Row>("look", [room, device ?? null]);
    if (!row) return { seats: 0 };
    return { seats: row.seats, ...(row.closed && { closed: row.closed }), ...(row.seat && { seat: row.seat }) };
  };

  return {
    look,
    take: async (room, device, seats, until, receipt) => {
      const seat = [room, device, seats, until];
      const [row] = await (receipt
        ? rows<{ seat: number }>("takeAndKeep", [...seat, receipt.place, receipt.file, receipt.until])
        : rows<{ seat: number }>("take", seat));
      return row?.seat ?? (await look(room)).closed ?? "taken";
    },
    close: async (room, how, until) => (await rows<{ seats: number }>("close", [room, how, until]))[0]?.seats ?? 0,
    closed: (now) => rows<ClosedRoom>("closed", [now]),
    openWindow: async (conversation, now, fresh, over) =>
      (await rows<{ until: number }>("openWindow", [conversation, now, fresh, over ?? 0]))[0]?.until ?? fresh,
    window: async (conversation, now) => (await rows<{ until: number }>("window", [conversation, now]))[0]?.until,
    forget: async (now) => {
      await rows("forgetRooms", [now]);
      await rows("forgetWindows", [now]);
    },
    receipts: async (place) => (await rows<{ file: string }>("receipts", [place])).map(({ file }) => file),
    forgetReceipts: async (today, lastDay) => {
      // What was kept for longer than is allowed now ends sooner.
      if (lastDay !== undefined) await rows("shortenReceipts", [lastDay]);
      await rows("forgetReceipts", [today, lastDay === undefined]);
    },
    end: () => pool.end(),
  };
}
