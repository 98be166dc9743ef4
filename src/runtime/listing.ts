import { listPages, type Page } from "./kube-cluster.ts";
import type { PageSize } from "./page-size.ts";
import { ownTurn } from "./turns.ts";
import type { Source } from "./watch.ts";

const METADATA = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json";

/**
 * Every object of a kind as the server has it now, in pages that do not hold the event loop.
 * @throws ApiError when the server refuses or is not reached.
 */
export async function* listSource(
  { transport, kind, path }: Source,
  pages: PageSize,
  signal: AbortSignal,
): AsyncGenerator<Page> {
  const accept = kind.metadataOnly ? { accept: METADATA } : {};
  const read = async (query: Record<string, string>): Promise<unknown> => {
    const body = await transport.request({ method: "GET", path, query, repeatable: true, signal, ...accept });
    pages.saw(body.length);
    // Pages of several kinds arrive at the same time.
    await ownTurn();
    return JSON.parse(body);
  };
  yield* listPages(read, kind.resource, kind.labelSelector, pages.size);
}
