import { apiClient } from "../../bed/api.ts";
import { NODE_NAME } from "../../bed/node/addresses.ts";
import { node } from "./node.ts";

/** What a container uses: processor time since it was started, in seconds, and memory that cannot be taken back, in MiB. */
export interface Usage {
  readonly name: string;
  /** When the kubelet looked, in milliseconds since 1970: each container has its own time. */
  readonly at: number;
  readonly cpuSeconds: number;
  readonly memoryMiB: number;
}

interface Summary {
  readonly pods: readonly {
    readonly podRef: { readonly namespace: string };
    readonly containers?: readonly {
      readonly name: string;
      readonly cpu?: { readonly time: string; readonly usageCoreNanoSeconds?: number };
      readonly memory?: { readonly workingSetBytes?: number };
    }[];
  }[];
}

/** Of every container of a namespace's pods, as the kubelet counts it. */
export async function usageOf(namespace: string): Promise<Usage[]> {
  const client = apiClient(node.adminConnection);
  const { status, body } = await client.request("GET", `/api/v1/nodes/${NODE_NAME}/proxy/stats/summary`);
  await client.close();
  if (status !== 200) throw new Error(`The kubelet answers ${status}: ${JSON.stringify(body)}`);
  const pods = (body as Summary).pods.filter(({ podRef }) => podRef.namespace === namespace);
  return pods.flatMap(({ containers = [] }) =>
    containers.map(({ name, cpu, memory }) => ({
      name,
      at: Date.parse(cpu?.time ?? ""),
      cpuSeconds: (cpu?.usageCoreNanoSeconds ?? 0) / 1e9,
      memoryMiB: (memory?.workingSetBytes ?? 0) / 1024 ** 2,
    })),
  );
}
