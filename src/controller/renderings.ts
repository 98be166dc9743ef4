import { createHash } from "node:crypto";
import { render, type Rendering } from "../render/render.ts";
import { ownTurn } from "../runtime/turns.ts";

type Params = Parameters<typeof render>[0];

/** Some hundred kilobytes each: enough for what is looked at again soon after it was made. */
const REMEMBERED = 64;

/**
 * `render` with a memory of the last few: rendering and checking a practice costs tens of milliseconds, and most looks at
 * one find the same inputs. The assets must be the same at each call. What is not remembered has a turn of the event loop to
 * itself.
 */
export function createRenderings(): (params: Params) => Promise<Rendering> {
  const known = new Map<string, Rendering>();
  return async (params) => {
    const { practice, observed } = params;
    const key = createHash("sha256")
      .update(JSON.stringify([practice, observed]))
      .digest("base64");
    const rendering = known.get(key) ?? (await rendered(params));
    known.delete(key);
    known.set(key, rendering);
    const [oldest] = known.keys();
    if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest);
    return rendering;
  };
}

async function rendered(params: Params): Promise<Rendering> {
  await ownTurn();
  return render(params);
}
