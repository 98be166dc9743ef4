import { type DatabaseServer, startDatabase } from "../apps/support/messaging.ts";
import { someParams } from "../support/practice.ts";
import { type Attack, group } from "./attack.ts";

/** Somebody took over the nightly job and has its password. */
const tries = (id: string, does: string, sql: string): Attack<DatabaseServer> => ({
  id,
  promise: 5,
  does,
  run: async (database) => {
    const login = { user: "pruner", name: "synapse", password: database.prunerPassword };
    try {
      await database.query(sql, login);
      return "succeeded";
    } catch (error) {
      if (error instanceof Error && /permission denied/.test(error.message)) return "failed";
      throw error;
    }
  },
});

export const prunerAttacks = group<DatabaseServer>({
  defence: "pruner.sql: a role that may call one function",
  parts: ["PostgreSQL"],
  start: async (defended) => {
    const powerful = "ALTER ROLE pruner INHERIT;\n\nGRANT synapse TO pruner;\n\n";
    const edit = (file: string, text: string) => (file === "pruner.sql" ? `${text}\n${powerful}` : text);
    const database = await startDatabase(someParams(), defended ? undefined : edit);
    await database.query("create table event_json(json text); insert into event_json values ('ciphertext')");
    return database;
  },
  attacks: [
    tries("pruner-reads-messages", "The nightly job reads messages.", "select json from event_json"),
    tries("pruner-changes-messages", "The nightly job changes messages.", "update event_json set json = ''"),
    tries("pruner-deletes-messages", "The nightly job deletes messages.", "delete from event_json"),
    tries("pruner-becomes-synapse", "The nightly job takes the homeserver's role.", "set role synapse"),
  ],
});
