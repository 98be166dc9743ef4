import { BadInput } from "./bad-input.ts";
import * as accounts from "./user-accounts.ts";
import type { Administration } from "./user-administration.ts";
import { initialPassword, opaqueName } from "./user-passwords.ts";
import { remove, type Removal } from "./user-remove.ts";

export const USE = "telehealth user add|list|lock|unlock|reset|remove --practice NAME -n NAMESPACE";
/** Begins with a letter; short, and neutral as far as a pattern can tell. */
const STAFF_NAME = /^[a-z][a-z0-9._-]{1,31}$/;

/** What was asked of `telehealth user`. */
export interface Request {
  /** The account's id or the part of it before the colon; absent for `list`, and for `add` when one is to be made up. */
  readonly user: string | undefined;
  readonly role: string | undefined;
  /** What others see; read from standard input, so that no history holds it. */
  readonly name: string | undefined;
  readonly yes: boolean;
  /** The practice has a provider that says who is staff. */
  readonly provider: boolean;
}

/** Judges what was asked before anything is done (throws BadInput), then does it. */
type Action = (request: Request) => (administration: Administration) => Promise<void>;

/** What `telehealth user` can do. */
export const ACTIONS: Readonly<Record<string, Action>> = {
  add: ({ user, role, name, provider }) => {
    if (role !== "therapist" && role !== "patient") throw new BadInput("Say --role therapist or --role patient.");
    if (role === "patient" && user !== undefined) {
      throw new BadInput(
        "A patient's id is made up, so that it tells nothing. Leave it out; --named gives a name to show.",
      );
    }
    if (user !== undefined && !STAFF_NAME.test(user)) {
      throw new BadInput("An id is 2 to 32 of a-z, 0-9, '.', '_' and '-', and begins with a letter.");
    }
    if (role === "therapist" && provider) {
      throw new BadInput(
        "Staff of this practice comes from its provider (staff.oidc): give the person the claim there.",
      );
    }
    return async (administration) => {
      const id = `@${user ?? opaqueName()}:${administration.serverName}`;
      if (await accounts.account(administration, id)) {
        throw new BadInput(`${id} is there, or was once. An id is given once; choose another.`);
      }
      const password = initialPassword();
      await accounts.make(administration, id, { role, password, ...(name !== undefined && { name }) });
      process.stdout.write(`user      ${id}\nrole      ${role}\npassword  ${password}\n`);
      told(
        "The password is shown this once. Hand it over in person, and ask for it to be changed at the first sign-in.",
      );
    };
  },

  list:
    ({ user }) =>
    async (administration) => {
      if (user !== undefined) throw new BadInput(`list shows everybody. ${USE}`);
      const all = (await accounts.accounts(administration)).filter(({ role }) => role !== "administrator");
      const width = Math.max(0, ...all.map(({ id }) => id.length));
      for (const { id, role, state, name } of all) {
        process.stdout.write(
          `${id.padEnd(width)}  ${role.padEnd(9)}  ${state.padEnd(7)}  ${name}`.trimEnd().concat("\n"),
        );
      }
      if (all.length === 0) told("Nobody has an account yet. `telehealth user add --role therapist` makes the first.");
    },

  lock: onAccount(async (administration, { id }) => {
    const { devices } = await accounts.lock(administration, id);
    told(`${id} is locked. ${counted(devices, "session")} ended.`);
  }),

  unlock: onAccount(async (administration, { id }) => {
    await accounts.unlock(administration, id);
    told(`${id} may sign in again, with the password that it had.`);
  }),

  reset: (request) =>
    onAccount(async (administration, { id, role }) => {
      if (role === "therapist" && request.provider) {
        throw new BadInput(`${id} signs in with the practice's provider (staff.oidc), which keeps the password.`);
      }
      const password = initialPassword();
      await accounts.reset(administration, id, password);
      process.stdout.write(`user      ${id}\npassword  ${password}\n`);
      told("Every session ended. The password is shown this once; hand it over in person.");
    })(request),

  remove: (request) => {
    const act = onAccount(async (administration, account) => {
      process.stdout.write(describe(account.id, await remove(administration, account)));
    });
    if (!request.yes) {
      throw new BadInput("A removal cannot be undone: account, rooms and files go. Add --yes if that is meant.");
    }
    return act(request);
  },
};

/** An action on one account that is there. */
function onAccount(act: (administration: Administration, account: accounts.Account) => Promise<void>): Action {
  return ({ user }) => {
    if (user === undefined) throw new BadInput(`Name the account by its id. ${USE}`);
    return async (administration) => {
      const id = user.startsWith("@") ? user : `@${user}:${administration.serverName}`;
      const account = await accounts.account(administration, id);
      if (!account || account.role === "administrator") {
        throw new BadInput(`There is no account ${id}. \`telehealth user list\` shows them.`);
      }
      if (account.state === "removed") throw new BadInput(`${id} was removed already.`);
      await act(administration, account);
    };
  };
}

function describe(id: string, { devices, rooms, files, keptRooms, withoutStaff }: Removal): string {
  const kept = [
    `the id, which is never given again`,
    ...(keptRooms > 0 ? [`what it wrote in ${counted(keptRooms, "room")} that others need, closed to newcomers`] : []),
    "files that others sent it, until retention removes them",
    "what is on other people's devices and in backups",
  ];
  const alone = withoutStaff > 0 ? `${counted(withoutStaff, "room")} of those have nobody of staff any more.\n` : "";
  return (
    `${id} is removed: account and profile, ${counted(devices, "session")}, ${counted(files, "file")}, ` +
    `${counted(rooms, "room")} with all messages.\nNot removed: ${kept.join("; ")}.\n${alone}`
  );
}

function counted(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? "" : "s"}`;
}

function told(message: string): void {
  process.stderr.write(`${message}\n`);
}
