import type { LiveObject } from "../../../src/manifest.ts";
import { lines } from "../../../src/runtime/lines.ts";
import { pathOf, type Resource, RESOURCES } from "../../../src/runtime/resources.ts";
import type { Transport } from "../../../src/runtime/transport.ts";

/** Where a watch of a kind begins: with every object there is, or with what happens next. */
export type From = "all" | "now";

/**
 * Follows a kind in all namespaces until the signal; resolves when the watch is open. For the bench alone: when the server
 * ends it, the bench ends.
 */
export async function follow(
  transport: Transport,
  resource: Resource,
  { labelSelector, from, signal }: { labelSelector?: string; from: From; signal: AbortSignal },
  onEvent: (type: string, object: LiveObject) => void,
): Promise<void> {
  const path = pathOf(resource);
  const select = labelSelector === undefined ? {} : { labelSelector };
  const query: Record<string, string> = { ...select, watch: "1", timeoutSeconds: "7200" };
  if (from === "now") {
    const list = await transport.request({ method: "GET", path, query: { limit: "1", ...select }, repeatable: true });
    query["resourceVersion"] = (JSON.parse(list) as { metadata: { resourceVersion: string } }).metadata.resourceVersion;
  }
  const stream = await transport.stream({ method: "GET", path, query, repeatable: true, mayPause: true, signal });
  const read = async () => {
    for await (const line of lines(stream)) {
      const { type, object } = JSON.parse(line) as { type: string; object: LiveObject };
      onEvent(type, object);
    }
  };
  read().catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

/**
 * Stands in for the controllers and kubelets that the bench's control plane lacks: whatever workload is made is called ready
 * at once. It works in every arm, so all bear the same.
 * @returns how to end it.
 */
export function standIn(transport: Transport): () => void {
  const stopping = new AbortController();
  const { signal } = stopping;
  for (const resource of [RESOURCES.Deployment, RESOURCES.StatefulSet]) {
    void follow(transport, resource, { from: "all", signal }, (type, object) => {
      if (type === "DELETED" || isSeen(object)) return;
      const path = `${pathOf(resource, object.metadata)}/status`;
      const body = JSON.stringify({ status: readyStatus(object) });
      const contentType = "application/merge-patch+json";
      const gone = () => undefined;
      void transport.request({ method: "PATCH", path, body, contentType, repeatable: true }).catch(gone);
    });
  }
  return () => stopping.abort();
}

function isSeen({ metadata, status }: LiveObject): boolean {
  return (status as { observedGeneration?: number } | undefined)?.observedGeneration === metadata.generation;
}

function readyStatus({ kind, metadata }: LiveObject): object {
  const one = { replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 };
  const revision = kind === "StatefulSet" ? { currentRevision: "bench", updateRevision: "bench" } : {};
  return { observedGeneration: metadata.generation, ...one, ...revision };
}
