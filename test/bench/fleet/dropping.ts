import { cachedKinds } from "../../../src/controller/kinds.ts";
import type { CachedKind } from "../../../src/runtime/cluster.ts";
import { firstLists } from "../../../src/runtime/contents.ts";
import { ApiError } from "../../../src/runtime/errors.ts";
import { listRequest } from "../../../src/runtime/listing.ts";
import { pathOf } from "../../../src/runtime/resources.ts";
import { createTransport, type Transport } from "../../../src/runtime/transport.ts";
import { WATCH_TIMES, watchRequest } from "../../../src/runtime/watch.ts";
import { createMetrics } from "../../../src/telemetry/metrics.ts";
import type { Connection } from "../../bed/api.ts";

/** Watches whose events nobody looks at. */
export interface Dropping {
  /** Resolves when every object that is there has come and all watches are open; rejects when that fails. */
  readonly told: Promise<unknown>;
  /** Closes them. */
  stop(): Promise<void>;
}

/**
 * Lists and watches all that our operator does, with its own requests, and drops what comes: what the API server, the proxy and
 * the network take for it, whoever does it.
 */
export function watchAndDrop(connection: Connection): Dropping {
  const anonymous = { ...connection, authorization: async () => undefined };
  const transport = createTransport({ connection: anonymous, metrics: createMetrics() });
  const stop = new AbortController();
  const kinds = cachedKinds({ nodes: true });
  return {
    told: Promise.all(kinds.map((kind) => listAndWatch(transport, kind, stop.signal))),
    async stop() {
      stop.abort(new Error("Nobody watches any more."));
      await transport.close();
    },
  };
}

async function listAndWatch(transport: Transport, kind: CachedKind, signal: AbortSignal): Promise<void> {
  const path = pathOf(kind.resource);
  try {
    const one = await transport.request(listRequest(kind, path, { limit: "1" }, signal));
    const { resourceVersion } = (JSON.parse(one) as { metadata: { resourceVersion: string } }).metadata;
    for (const each of firstLists(kind)) await drop(await transport.stream(listRequest(each, path, {}, signal)));
    const watch = await transport.stream(watchRequest(kind, path, resourceVersion, WATCH_TIMES.longest, signal));
    // It ends with the bench, or is not missed.
    drop(watch).catch(() => undefined);
  } catch (error) {
    // The cluster does not serve it.
    if (!(error instanceof ApiError && error.status === 404)) throw error;
  }
}

async function drop(body: AsyncIterable<Buffer>): Promise<void> {
  // oxlint-disable-next-line no-empty -- what comes is for nobody
  for await (const _ of body) {
  }
}
