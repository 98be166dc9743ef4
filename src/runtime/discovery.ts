import { ApiError } from "./errors.ts";
import type { Transport } from "./transport.ts";

/**
 * Plural names that a group version serves; empty when it is not there. Everybody who is known may ask, also who may not
 * read what is served.
 */
export async function served(
  transport: Transport,
  group: string,
  version: string,
  signal?: AbortSignal,
): Promise<ReadonlySet<string>> {
  const path = group ? `/apis/${group}/${version}` : `/api/${version}`;
  try {
    const body = await transport.request({ method: "GET", path, repeatable: true, ...(signal ? { signal } : {}) });
    const { resources } = JSON.parse(body) as { resources: { name: string }[] };
    return new Set(resources.map(({ name }) => name).filter((name) => !name.includes("/")));
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return new Set();
    throw error;
  }
}
