import type { Agent } from "undici";
import { cachedKinds } from "../../../src/controller/kinds.ts";
import type { CachedKind } from "../../../src/runtime/cluster.ts";
import { pathOf } from "../../../src/runtime/resources.ts";

const METADATA = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
/** What a stream says when it has told every object that there is. */
const TOLD = Buffer.from("k8s.io/initial-events-end");

/**
 * Watches all that our operator watches, from every object on, and drops what comes: what the API server, the proxy and the
 * network take for it, whoever does it.
 * @returns when every object that is there has come. The streams stay open until the agent is closed.
 */
export async function watchAndDrop(agent: Agent, origin: string): Promise<void> {
  await Promise.all(cachedKinds({ nodes: true }).map((kind) => watchOne(agent, origin, kind)));
}

async function watchOne(agent: Agent, origin: string, { resource, labelSelector, metadataOnly }: CachedKind) {
  const query = {
    watch: "1",
    sendInitialEvents: "true",
    resourceVersionMatch: "NotOlderThan",
    allowWatchBookmarks: "true",
    ...(labelSelector && { labelSelector }),
  };
  const headers = { accept: metadataOnly ? METADATA : "application/json" };
  const answer = await agent.request({ origin, path: pathOf(resource), method: "GET", query, headers, bodyTimeout: 0 });
  if (answer.statusCode === 404) return answer.body.dump();
  if (answer.statusCode !== 200)
    throw new Error(`${resource.plural}: ${answer.statusCode} ${await answer.body.text()}`);
  const told = Promise.withResolvers<void>();
  // Nobody minds an end after everything was told.
  drop(answer.body, told.resolve).then(() => told.reject(new Error(`${resource.plural} ended.`)), told.reject);
  return told.promise;
}

async function drop(body: AsyncIterable<Buffer>, told: () => void): Promise<void> {
  let end: Buffer = Buffer.alloc(0);
  for await (const chunk of body) {
    const seen = Buffer.concat([end, chunk]);
    if (seen.includes(TOLD)) told();
    end = seen.subarray(-TOLD.length);
  }
}
