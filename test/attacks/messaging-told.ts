import { synapseEnds } from "../apps/support/last-words.ts";
import { startMessaging } from "../apps/support/messaging.ts";
import { someParams } from "../support/practice.ts";
import { group } from "./attack.ts";

const PERSON = "anna-a-person";

/** What anybody who may see pods finds in the status of a homeserver that could not start. */
interface Told {
  readonly status: string;
  readonly stop: () => Promise<unknown>;
}

export const toldAttacks = group<Told>({
  defence: "practice_policy.py: what Synapse says at its start without its further lines",
  parts: ["Synapse", "PostgreSQL"],
  start: async (defended) => {
    const params = someParams();
    const messaging = await startMessaging(params);
    const { database } = messaging;
    await messaging.register(PERSON, "patient");
    // At each start Synapse notes which schema it has. Here that violates a constraint, and PostgreSQL names the row.
    const twice = "begin insert into users(name) select name from users limit 1; return new; end";
    await database.query(`create function twice() returns trigger language plpgsql as '${twice}'`);
    await database.query("create trigger twice before insert on schema_version for each row execute function twice()");
    await database.query("update schema_version set upgraded = true");
    const plain = (yaml: string) => yaml.replace('"formatter": "told"', '"formatter": "line"');
    const { told } = await synapseEnds(params, { database, ...(!defended && { editLog: plain }) });
    return { status: told.slice(-4096), stop: messaging.stop };
  },
  attacks: [
    {
      id: "status-quotes-rows",
      promise: 5,
      does: "Somebody who may see pods, but neither logs nor the database, reads who is a patient in a pod's status.",
      run: async ({ status }) => {
        if (!status.includes("UniqueViolation")) throw new Error(`Synapse says something else: ${status}`);
        return status.includes(PERSON) ? "succeeded" : "failed";
      },
    },
  ],
});
