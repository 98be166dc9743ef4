import { setTimeout as sleep } from "node:timers/promises";
import { type Account, accounts, lock } from "./user-accounts.ts";
import type { Administration } from "./user-administration.ts";

/** What a removal took away. */
export interface Removal {
  readonly devices: number;
  readonly rooms: number;
  readonly files: number;
  /** Rooms that others need, so that what the person wrote is still there for them. */
  readonly keptRooms: number;
  /** Of those, the ones that have nobody of staff any more. */
  readonly withoutStaff: number;
}

/** Who is or ever was in a room, with their membership. */
type Members = ReadonlyMap<string, string>;

const V1 = "/_synapse/admin/v1";
const V2 = "/_synapse/admin/v2";
const PAUSE_MS = 300;

/**
 * Removes an account: shut out first, then the rooms that nobody else needs are purged from the database, its files go,
 * and at last it is deactivated and erased; its id is never given again. Each step may be done again after an
 * interruption.
 *
 * A patient's rooms are purged when everybody else who ever was in them is of staff: that is the conversation about this
 * patient. A room of staff is purged when nobody else is left in it.
 */
export async function remove(administration: Administration, person: Account): Promise<Removal> {
  const { devices } = await lock(administration, person.id);
  const staff = await staffOf(administration);
  const [purged, kept]: [string[], Members[]] = [[], []];
  for (const room of await roomsOf(administration, person.id)) {
    const members = await membersOf(administration, room);
    if (isNeededByOthers(person, members, staff)) kept.push(members);
    else purged.push(room);
  }
  for (const room of purged) await purge(administration, room);
  const files = await deleteFiles(administration, person.id);
  await administration.call("POST", `${V1}/deactivate/${encodeURIComponent(person.id)}`, { erase: true });
  const withoutStaff = kept.filter((members) => !present(members).some((id) => id !== person.id && staff.has(id)));
  return { devices, rooms: purged.length, files, keptRooms: kept.length, withoutStaff: withoutStaff.length };
}

function isNeededByOthers(person: Account, members: Members, staff: ReadonlySet<string>): boolean {
  if (person.role === "patient") return [...members.keys()].some((id) => id !== person.id && !staff.has(id));
  return present(members).some((id) => id !== person.id);
}

/** Who is in a room, or invited into it. */
function present(members: Members): string[] {
  return [...members].flatMap(([id, membership]) => (membership === "join" || membership === "invite" ? [id] : []));
}

/** Everybody who is no patient: also who was of staff and is gone. */
async function staffOf(administration: Administration): Promise<ReadonlySet<string>> {
  const others = (await accounts(administration)).filter(({ role }) => role !== "patient");
  return new Set(others.map(({ id }) => id));
}

/** The rooms that somebody is in, was in, or was asked into. */
async function roomsOf(administration: Administration, id: string): Promise<string[]> {
  const { body } = await administration.call("GET", `${V1}/users/${encodeURIComponent(id)}/memberships`);
  return Object.keys(body["memberships"] ?? {}).toSorted();
}

async function membersOf(administration: Administration, room: string): Promise<Members> {
  const { body } = await administration.call("GET", `${V1}/rooms/${encodeURIComponent(room)}/state`);
  const state = (body["state"] ?? []) as { type: string; state_key: string; content: { membership?: string } }[];
  return new Map(
    state
      .filter(({ type }) => type === "m.room.member")
      .map(({ state_key: id, content }) => [id, content.membership ?? "leave"]),
  );
}

/** Removes a room with everything in it. @throws Error when Synapse could not. */
async function purge(administration: Administration, room: string): Promise<void> {
  const path = `${V2}/rooms/${encodeURIComponent(room)}`;
  const { status, body } = await administration.call("DELETE", path, { purge: true });
  if (status === 404) return;
  for (;;) {
    const { body: now } = await administration.call("GET", `${V2}/rooms/delete_status/${String(body["delete_id"])}`);
    if (now["status"] === "complete") return;
    if (now["status"] === "failed") throw new Error("Synapse could not remove a room. Please run the command again.");
    await sleep(PAUSE_MS);
  }
}

/** Deletes what somebody uploaded; Synapse takes so many at a time. */
async function deleteFiles(administration: Administration, id: string): Promise<number> {
  for (let files = 0; ;) {
    const { body } = await administration.call("DELETE", `${V1}/users/${encodeURIComponent(id)}/media?limit=100`);
    const deleted = Number(body["total"] ?? 0);
    if (deleted === 0) return files;
    files += deleted;
  }
}
