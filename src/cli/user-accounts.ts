import type { Administration } from "./user-administration.ts";

export type Role = "therapist" | "patient";

/** An account as the list shows it. */
export interface Account {
  /** `@k3mfr7w2xq:matrix.greenriver.example` */
  readonly id: string;
  /** `administrator` is what commands act as; `none` lost a role at the provider. */
  readonly role: Role | "administrator" | "none";
  /** What others see; the id's own part when it has no other name. */
  readonly name: string;
  readonly state: "active" | "locked" | "removed";
}

const PAGE = 100;

/** Everybody, in the order of their ids; also who is locked or was removed. */
export async function accounts(administration: Administration): Promise<Account[]> {
  const found: Account[] = [];
  for (let from = 0; ; from += PAGE) {
    const path = `/_synapse/admin/v2/users?from=${from}&limit=${PAGE}&deactivated=true&locked=true&guests=false`;
    const { body } = await administration.call("GET", path);
    const users = (body["users"] ?? []) as Record<string, unknown>[];
    found.push(...users.map(accountOf));
    if (users.length < PAGE) return found.toSorted((a, b) => a.id.localeCompare(b.id));
  }
}

/** One account by its id; `undefined` when there is none. */
export async function account(administration: Administration, id: string): Promise<Account | undefined> {
  const { status, body } = await administration.call("GET", userPath(id));
  return status === 404 ? undefined : accountOf(body);
}

function accountOf(user: Readonly<Record<string, unknown>>): Account {
  const id = String(user["name"]);
  const name = user["displayname"];
  const type = user["user_type"];
  const state = user["deactivated"] ? "removed" : user["locked"] ? "locked" : "active";
  const role = type === "therapist" || type === "patient" ? type : "none";
  return { id, role: user["admin"] ? "administrator" : role, name: typeof name === "string" ? name : "", state };
}

/** Makes an account. The caller has seen that there is none of this id: an old one would get the new password. */
export async function make(
  administration: Administration,
  id: string,
  made: { readonly role: Role; readonly password: string; readonly name?: string },
): Promise<void> {
  await administration.call("PUT", userPath(id), {
    password: made.password,
    user_type: made.role,
    admin: false,
    ...(made.name !== undefined && { displayname: made.name }),
  });
}

/** Shuts an account out, and ends each of its sessions: what a stolen device asks next is refused. */
export async function lock(administration: Administration, id: string): Promise<{ readonly devices: number }> {
  await administration.call("PUT", userPath(id), { locked: true });
  const { body } = await administration.call("GET", `${userPath(id)}/devices`);
  const devices = ((body["devices"] ?? []) as { device_id: string }[]).map((device) => device.device_id);
  if (devices.length > 0) await administration.call("POST", `${userPath(id)}/delete_devices`, { devices });
  return { devices: devices.length };
}

export async function unlock(administration: Administration, id: string): Promise<void> {
  await administration.call("PUT", userPath(id), { locked: false });
}

/** Gives a new password and ends each session. */
export async function reset(administration: Administration, id: string, password: string): Promise<void> {
  const path = `/_synapse/admin/v1/reset_password/${encodeURIComponent(id)}`;
  await administration.call("POST", path, { new_password: password, logout_devices: true });
}

function userPath(id: string): string {
  return `/_synapse/admin/v2/users/${encodeURIComponent(id)}`;
}
