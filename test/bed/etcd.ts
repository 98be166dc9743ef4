import { join } from "node:path";
import { Agent } from "undici";

/**
 * Throws the history of a control plane's etcd away up to now, as happens every five minutes by itself: whoever asks for
 * changes since before is told that they are gone. Speaks etcd's own API as JSON (its gRPC gateway), on its socket.
 */
export async function compactHistory({ directory }: { readonly directory: string }): Promise<void> {
  const agent = new Agent({ connect: { socketPath: join(directory, "bed:0") } });
  const ask = async (path: string, body: object): Promise<unknown> => {
    const options = { origin: "http://etcd", path, method: "POST" as const, body: JSON.stringify(body) };
    const answer = await agent.request(options);
    const said = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`etcd answered ${path} with ${answer.statusCode}: ${said}`);
    return JSON.parse(said);
  };
  try {
    const { header } = (await ask("/v3/maintenance/status", {})) as { header: { revision: string } };
    await ask("/v3/kv/compaction", { revision: header.revision, physical: true });
  } finally {
    await agent.close();
  }
}
