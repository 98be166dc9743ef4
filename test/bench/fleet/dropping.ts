import { cachedKinds } from "../../../src/controller/kinds.ts";
import { ApiError } from "../../../src/runtime/errors.ts";
import { pathOf } from "../../../src/runtime/resources.ts";
import { createTransport, type Transport } from "../../../src/runtime/transport.ts";
import { requestFor, WATCH_TIMES } from "../../../src/runtime/watch.ts";
import { createMetrics } from "../../../src/telemetry/metrics.ts";
import type { Connection } from "../../bed/api.ts";

/** What a stream says when it has told every object that there is. */
const TOLD = Buffer.from("k8s.io/initial-events-end");

/** Streams whose events nobody looks at. */
export interface Dropping {
  /** Resolves when every object that is there has come; rejects when a stream ends before. */
  readonly told: Promise<unknown>;
  /** Closes them. */
  stop(): Promise<void>;
}

/**
 * Watches all that our operator watches, with its own requests and from every object on, and drops what comes: what the API
 * server, the proxy and the network take for it, whoever does it.
 */
export function watchAndDrop(connection: Connection): Dropping {
  const anonymous = { ...connection, authorization: async () => undefined };
  const transport = createTransport({ connection: anonymous, metrics: createMetrics() });
  const stop = new AbortController();
  const kinds = cachedKinds({ nodes: true });
  return {
    told: Promise.all(kinds.map((kind) => watchOne(transport, kind, stop.signal))),
    async stop() {
      stop.abort(new Error("Nobody watches any more."));
      await transport.close();
    },
  };
}

async function watchOne(transport: Transport, kind: Parameters<typeof requestFor>[0], signal: AbortSignal) {
  const request = requestFor(kind, pathOf(kind.resource), undefined, WATCH_TIMES.longest, signal);
  try {
    const told = Promise.withResolvers<void>();
    // Nobody minds an end after everything was told.
    drop(await transport.stream(request), told.resolve).then(
      () => told.reject(new Error(`${kind.resource.plural} ended.`)),
      told.reject,
    );
    await told.promise;
  } catch (error) {
    // The cluster does not serve it.
    if (!(error instanceof ApiError && error.status === 404)) throw error;
  }
}

async function drop(body: AsyncIterable<Buffer>, told: () => void): Promise<void> {
  let end: Buffer = Buffer.alloc(0);
  for await (const chunk of body) {
    const seen = Buffer.concat([end, chunk]);
    if (seen.includes(TOLD)) told();
    end = seen.subarray(-TOLD.length);
  }
}
