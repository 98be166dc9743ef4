import type { CachedKind } from "./cluster.ts";
import { PAGE } from "./kube-cluster.ts";
import { type ListPart, listParts } from "./list-body.ts";
import type { ApiRequest } from "./transport.ts";
import type { Source } from "./watch.ts";

const METADATA = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json";

/**
 * Every object of a kind as the server has it now, as they arrive; each part has the version of the list.
 * @param inPages asks for some hundred at a time, most of which the server may have to read from etcd: for a connection that brings
 *   less than all in the minute that the API server gives one request (its `--request-timeout`).
 * @throws ApiError when the server refuses, is not reached, breaks off, or has forgotten where the next page begins (410).
 */
export async function* listSource(
  { transport, kind, path }: Source,
  inPages: boolean,
  signal: AbortSignal,
): AsyncGenerator<ListPart> {
  let next: string | undefined;
  do {
    const page = { ...(inPages && { limit: String(PAGE) }), ...(next && { continue: next }) };
    const body = await transport.stream(listRequest(kind, path, page, signal));
    for await (const part of listParts(body)) {
      next = part.metadata.continue;
      yield part;
    }
  } while (next);
}

/** Asks for a list of a kind, or for what of it the query says. */
export function listRequest(
  { labelSelector, metadataOnly }: CachedKind,
  path: string,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
): ApiRequest {
  const all = labelSelector ? { ...query, labelSelector } : query;
  return { method: "GET", path, query: all, repeatable: true, signal, ...(metadataOnly ? { accept: METADATA } : {}) };
}
