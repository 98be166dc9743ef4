import type { LiveObject } from "../manifest.ts";
import { ApiError } from "./errors.ts";

/** Some objects of a list, and what the list says of itself. */
export interface ListPart {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly LiveObject[];
}

/** What is there of a list: an empty one of metadata has null for items. */
interface List {
  readonly metadata?: ListPart["metadata"];
  readonly items?: readonly LiveObject[] | null;
}

const ITEMS = Buffer.from('"items":[');
const METADATA = Buffer.from('"metadata":{');

/**
 * The objects of a List while it arrives, each as soon as it is there, so that a long body is never in memory as a whole. At
 * least one part, also of an empty list. Custom resources come all at the end, because the API server tells the version of
 * their list only after them.
 *
 * Nothing but `JSON.parse` reads JSON: all items begin as the first one does, so the body is cut where one could end and the next
 * begin. In a text such a place cannot be, because its quotes would have a backslash. If what is before it is no JSON, it
 * was inside an item, which goes on.
 * @throws ApiError when the body is no list, or half of one; and what `chunks` throws.
 */
export async function* listParts(chunks: AsyncIterable<Buffer>): AsyncGenerator<ListPart> {
  let head: Head | undefined;
  const held: LiveObject[] = [];
  let rest = Buffer.alloc(0);
  /** How long the beginning of an item was that was tried last and had no end yet. */
  let tried = 0;
  for await (const block of blocks(chunks, () => rest.length)) {
    let searched = head ? Math.max(0, rest.length - head.between.length) : 0;
    rest = Buffer.concat([rest, block]);
    if (!head) {
      head = headOf(rest);
      if (!head) continue;
      rest = rest.subarray(head.length);
      searched = 0;
    }
    const { between, metadata } = head;
    let from = 0;
    for (let at = rest.indexOf(between, searched); at !== -1; at = rest.indexOf(between, at + 1)) {
      // Who puts many such places into one item must not have it tried at each of them.
      if (at - from < 2 * tried) continue;
      const items = parsed(`[${rest.toString("utf8", from, at + 1)}]`);
      tried = items ? 0 : at - from;
      if (!items) continue;
      from = at + "},".length;
      if (metadata) yield { metadata, items };
      else for (const item of items) held.push(item);
    }
    rest = rest.subarray(from);
  }
  const { metadata, items } = listOf(`${head?.text ?? ""}${rest.toString("utf8")}`);
  if (!metadata?.resourceVersion || items === undefined) throw noList();
  yield { metadata, items: [...held, ...(items ?? [])] };
}

/** What of a list is before its first item. */
interface Head {
  /** Ends with the bracket that opens the items. */
  readonly text: string;
  /** Of `text`, in bytes. */
  readonly length: number;
  /** Absent when the list tells it after its items. */
  readonly metadata: ListPart["metadata"] | undefined;
  /** What ends an item and begins the next one. */
  readonly between: Buffer;
}

/** @returns undefined while too little of the list is there. */
function headOf(bytes: Buffer): Head | undefined {
  const items = bytes.indexOf(ITEMS);
  const length = items + ITEMS.length;
  const begun = items === -1 ? -1 : bytes.indexOf(METADATA, length);
  if (begun === -1) return undefined;
  const text = bytes.toString("utf8", 0, length);
  const { metadata } = listOf(`${text}]}`);
  const between = Buffer.concat([Buffer.from("},"), bytes.subarray(length, begun + METADATA.length)]);
  return { text, length, metadata, between };
}

/** Chunks together, as long as what is held at least: what has no end for long is not copied again and again. */
async function* blocks(chunks: AsyncIterable<Buffer>, held: () => number): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    waiting.push(chunk);
    length += chunk.length;
    if (length < held()) continue;
    yield waiting.length === 1 ? chunk : Buffer.concat(waiting);
    waiting = [];
    length = 0;
  }
  if (length > 0) yield Buffer.concat(waiting);
}

function listOf(text: string): List {
  try {
    return (JSON.parse(text) ?? {}) as List;
  } catch {
    throw noList();
  }
}

function noList(): ApiError {
  return new ApiError(0, "What the API server answered is no list, or half of one.");
}

function parsed(text: string): readonly LiveObject[] | undefined {
  try {
    return JSON.parse(text) as readonly LiveObject[];
  } catch {
    return undefined;
  }
}
