import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { ApiClient } from "../bed/api.ts";
import { createAuthority } from "../bed/pki.ts";
import { run } from "../bed/run.ts";
import { isRefusal } from "../support/admission.ts";
import type { Outcome } from "./attack.ts";

/** Stands where a kubelet would and notes what the API server asks it for. It runs nothing. */
export interface Kubelet {
  readonly node: string;
  /** Makes its node known. */
  join(admin: ApiClient): Promise<void>;
  /** Runs `kubectl VERB` as the namespace's admin: succeeded when the API server came here with it. */
  asked(
    at: { kubeconfig: string; binaries: string; namespace: string },
    verb: string,
    args: readonly string[],
  ): Promise<Outcome>;
  stop(): Promise<unknown>;
}

export async function startKubelet(): Promise<Kubelet> {
  const { cert, key } = await (await createAuthority()).issue({ user: "kubelet", addresses: ["127.0.0.1"] });
  const paths: string[] = [];
  const server = createServer({ cert, key }, (request, answer) => {
    paths.push(request.url ?? "");
    answer.writeHead(501).end("a stand-in");
  });
  server.on("upgrade", (request, socket) => {
    paths.push(request.url ?? "");
    socket.end("HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\n\r\n");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const node = "stand-in";
  return {
    node,
    async join(admin) {
      const object = { apiVersion: "v1", kind: "Node", metadata: { name: node } };
      await admin.request("POST", "/api/v1/nodes", object);
      const status = {
        addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
        daemonEndpoints: { kubeletEndpoint: { Port: port } },
      };
      const path = `/api/v1/nodes/${node}/status`;
      const { status: code } = await admin.request("PATCH", path, { status }, "application/merge-patch+json");
      if (code !== 200) throw new Error(`The node could not be made known: ${code}.`);
    },
    async asked({ kubeconfig, binaries, namespace }, verb, args) {
      const flags = [`--kubeconfig=${kubeconfig}`, "--as=mallory", `--namespace=${namespace}`, verb, ...args];
      const said = await run(join(binaries, "kubectl"), flags).catch((error: Error) => error.message);
      if (paths.some((path) => path.startsWith(`/${verb}/${namespace}/`))) return "succeeded";
      if (isRefusal(said)) return "failed";
      throw new Error(`kubectl ${verb}: ${said}`);
    },
    async stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
