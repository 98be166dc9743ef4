import { ANCIENT } from "./managed-fields.ts";

const FIELDS = Buffer.from('"managedFields":[');
const END = "]".charCodeAt(0);

/**
 * The JSON of an object as the API server writes it, with as much of `managedFields` as `isUpdatedBy` reads: a third of all that a
 * list brings is never made into objects. Field sets have no lists in them, so the first bracket that closes is their end.
 * One in a name before that makes what is left no JSON, because a text then goes on where none began: whoever parses it
 * has to take the whole one then. @returns undefined when there is nothing to leave out.
 */
export function abridging(manager: string): (json: Buffer) => string | undefined {
  const updates = [manager, ANCIENT].map((name) => Buffer.from(`"manager":"${name}","operation":"Update"`));
  const [updated, other] = [`"managedFields":[{${String(updates[0])}}`, '"managedFields":['];
  return (json) => {
    const from = json.indexOf(FIELDS);
    const end = from === -1 ? -1 : json.indexOf(END, from);
    if (end === -1) return undefined;
    const fields = json.subarray(from, end);
    const left = updates.some((update) => fields.includes(update)) ? updated : other;
    return `${json.toString("utf8", 0, from)}${left}${json.toString("utf8", end)}`;
  };
}
