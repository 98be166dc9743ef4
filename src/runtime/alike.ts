import type { LiveObject } from "../manifest.ts";

/** Shorter texts are not worth a look. */
const WORTH_IT = 256;
/** What many objects have is asked for all the time and stays; what one has goes soon. */
const REMEMBERED = 512;

/**
 * Holds once what many objects have alike: the same program in the configuration of a thousand practices. The content
 * stays whole, so it is still compared and judged as it is live.
 */
export function createAlike(): (object: LiveObject) => LiveObject {
  const known = new Map<string, string>();

  function shared(text: unknown): unknown {
    if (typeof text !== "string" || text.length < WORTH_IT) return text;
    const found = known.get(text) ?? text;
    known.delete(found);
    known.set(found, found);
    const [oldest] = known.keys();
    if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest);
    return found;
  }

  return (object) => {
    const { data } = object as { data?: Readonly<Record<string, unknown>> };
    if (!data) return object;
    return { ...object, data: Object.fromEntries(Object.entries(data).map(([name, text]) => [name, shared(text)])) };
  };
}
