import type { Account, call } from "../apps/support/messaging.ts";
import { newRoom, type People, send, set, startPeople } from "../apps/support/rooms.ts";
import type { Edit } from "../apps/support/signalling.ts";
import { someParams } from "../support/practice.ts";
import type { Attack, Outcome } from "./attack.ts";

/** People of a practice with a room of the therapist's for each patient; ids are ready to stand in a path. */
export type Practice = People & { readonly room: string; readonly strangersRoom: string };

export const MESSAGING_PARTS = ["Synapse", "PostgreSQL"];

/** Starts the homeserver whole, or with an edit of a rendered file that takes one defence away. */
export const messagingStage =
  (taken: Edit, version?: string) =>
  async (defended: boolean): Promise<Practice> => {
    const people = await startPeople(someParams(), {
      ...(!defended && { edit: taken }),
      ...(version !== undefined && { version }),
    });
    const { therapist, patient, stranger } = people;
    const room = await newRoom(therapist, patient);
    const strangersRoom = await newRoom(therapist, stranger);
    return { ...people, room, strangersRoom };
  };

type Settings = Record<string, unknown>;

/** Changes the settings of homeserver.yaml. */
export const withSettings =
  (change: (settings: Settings) => void): Edit =>
  (file, text) => {
    if (file !== "homeserver.yaml") return text;
    const settings = JSON.parse(text) as Settings;
    change(settings);
    const changed = JSON.stringify(settings);
    if (changed === JSON.stringify(JSON.parse(text))) throw new Error("No setting was taken away.");
    return changed;
  };

/** The homeserver as if our module had never been written. */
export const withoutPolicy = withSettings((settings) => delete settings["modules"]);

const REFUSALS = [400, 401, 403, 404, 405];

/** Whether the homeserver did what it was asked to; throws for an answer that says neither. */
export function outcomeOf({ status, body }: Awaited<ReturnType<typeof call>>): Outcome {
  if (status === 200) return "succeeded";
  if (REFUSALS.includes(status)) return "failed";
  throw new Error(`It answered ${status}: ${JSON.stringify(body)}`);
}

/** One request that must not be answered with success. */
export const asks = (
  promise: Attack<Practice>["promise"],
  id: string,
  does: string,
  request: (practice: Practice) => ReturnType<Account["call"]>,
): Attack<Practice> => ({ id, promise, does, run: async (practice) => outcomeOf(await request(practice)) });

/** A patient sends this into the room with the therapist. */
export const sends = (id: string, does: string, type: string, content: object): Attack<Practice> =>
  asks(1, id, does, ({ patient, room }) => send(patient, room, type, content));

/** The therapist, who has all power there is in the room, sets this state. */
export const sets = (
  id: string,
  does: string,
  type: string,
  content: object | ((practice: Practice) => object),
  key?: string,
): Attack<Practice> =>
  asks(1, id, does, (practice) =>
    set(practice.therapist, practice.room, type, typeof content === "function" ? content(practice) : content, key),
  );
