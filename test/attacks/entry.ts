import { newRoom, signLink } from "../../src/entry/capability.ts";
import { readKeys } from "../../src/entry/keys.ts";
import { type Calls, startCalls } from "../apps/support/calls.ts";
import { type EntryProgram, type SourceEdit, startEntryProgram } from "../apps/support/entry-program.ts";
import { type DatabaseServer, type Messaging, startDatabase, startMessaging } from "../apps/support/messaging.ts";
import { deskOn } from "../apps/support/practice-desk.ts";
import type { Practice } from "../../src/practice/practice.ts";
import { someParams } from "../support/practice.ts";
import type { Outcome } from "./attack.ts";

/** An entry page with its database, and whatever else an attack needs. */
export type EntryStage = Awaited<ReturnType<ReturnType<typeof entryStage>>>;

type Edits = Readonly<Record<string, SourceEdit | readonly SourceEdit[]>>;

interface LinkChanges {
  readonly role?: "patient" | "staff";
  readonly starts?: number;
  readonly people?: number;
  readonly room?: Buffer;
}

const WITHOUT = { matrix: false, calls: false };

/** Starts the entry page of a practice whole, or with edits of its sources that take one defence away. */
export const entryStage =
  (taken: Edits, needs: Partial<typeof WITHOUT> = {}, practice: Partial<Practice> = {}) =>
  async (defended: boolean) => {
    const params = someParams({ practice });
    const { matrix: needsMatrix, calls: needsCalls } = { ...WITHOUT, ...needs };
    const [matrix, calls] = await Promise.all([
      needsMatrix ? startMessaging(params) : undefined,
      needsCalls ? startCalls(params) : undefined,
    ]);
    const database: DatabaseServer = matrix?.database ?? (await startDatabase(params));
    const neighbours = { database, ...(matrix && { matrix }), ...(calls && { signalling: calls }) };
    const entry: EntryProgram = await startEntryProgram(params, neighbours, defended ? {} : taken);
    const keys = readKeys(entry.keys);
    return {
      ...deskOn(entry, calls),
      database,
      keys,
      /** @throws Error in an attack that did not ask for one. */
      matrix: () => given<Messaging>(matrix),
      calls: () => given<Calls>(calls),
      /** A link as staff makes one; good now unless it says otherwise. */
      link: ({ role = "patient", starts = seconds(), people = 1, room = newRoom() }: LinkChanges = {}) =>
        signLink(keys.current, { role, room, starts, minutes: 50, people }),
      stop: async () => {
        await entry.stop();
        await calls?.stop();
        await (matrix ?? database).stop();
      },
    };
  };

export const seconds = () => Math.floor(Date.now() / 1000);

function given<Part>(part: Part | undefined): Part {
  if (part === undefined) throw new Error("This attack did not ask for that program.");
  return part;
}

/** Replaces a piece of a source file that stands there exactly once: a second place would take away something else. */
export const instead =
  (from: string | RegExp, to: string): SourceEdit =>
  (file, text) => {
    const places = typeof from === "string" ? text.split(from).length - 1 : [...text.matchAll(from)].length;
    if (places !== 1) throw new Error(`${String(from)} is in ${file} ${places} times, so no defence was taken away.`);
    return text.replace(from, to);
  };

/** Whether the entry page did it or refused; throws for an answer that says neither. */
export function outcomeOf({ status }: { readonly status: number }, did: readonly number[] = [200, 201, 303]): Outcome {
  if (did.includes(status)) return "succeeded";
  if (status >= 400 && status < 600) return "failed";
  throw new Error(`It answered ${status}.`);
}
