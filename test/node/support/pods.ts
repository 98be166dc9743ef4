import { TOOL_IMAGE } from "../../bed/node/images.ts";
import { kubectl, kubectlApply } from "../../support/bed.ts";
import { runAt } from "./node.ts";

/** Labels of a namespace that is no practice's: there only images of the release would run. */
export const PLAIN = { "pod-security.kubernetes.io/enforce": "restricted" };

/** Answers on TCP port 8080 and UDP port 8081 with its name. */
const SERVER = `const { hostname } = require("node:os");
require("node:http").createServer((_, answer) => answer.end(hostname())).listen(8080);
const socket = require("node:dgram").createSocket("udp4");
socket.on("message", (message, { port, address }) => socket.send(hostname(), port, address));
socket.bind(8081);`;

/** A pod that passes Pod Security `restricted` and answers; see `SERVER`. */
export function serverPod(namespace: string, name: string, labels: Readonly<Record<string, string>> = {}): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace, name, labels },
    spec: {
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          name: "server",
          image: TOOL_IMAGE,
          args: ["-e", SERVER],
          readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
          securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ["ALL"] },
            readOnlyRootFilesystem: true,
          },
        },
      ],
    },
  };
}

/** Makes pods and waits until all are ready; returns their addresses in the same order. */
export async function startPods(namespace: string, ...pods: readonly object[]): Promise<string[]> {
  await kubectlApply(...pods);
  const names = pods.map((pod) => (pod as { metadata: { name: string } }).metadata.name);
  await kubectl(["-n", namespace, "wait", "--for=condition=Ready", "--timeout=120s", ...names.map((n) => `pod/${n}`)]);
  const path = "-o=jsonpath={.status.podIP}";
  return Promise.all(names.map((name) => kubectl(["-n", namespace, "get", "pod", name, path])));
}

const TRIES = `const [, protocol, host, port] = process.argv;
const end = (answered) => (console.log(answered ? "open" : "closed"), process.exit());
let left = 3;
(function again() {
  if (left-- === 0) end(false);
  setTimeout(again, 1000);
  if (protocol === "UDP") {
    const socket = require("node:dgram").createSocket("udp4");
    socket.on("message", () => end(true)).on("error", () => {});
    socket.send("?", Number(port), host);
  } else require("node:net").connect(port, host).on("connect", () => end(true)).on("error", (error) => error.code === "ECONNREFUSED" && end(true));
})();`;

/**
 * Tries an edge three times, a second each: what was dropped is told from what was slow. A refusal counts as open,
 * because the packet arrived; a UDP server must answer.
 */
export async function tryEdge(
  from: Parameters<typeof runAt>[0],
  protocol: "TCP" | "UDP",
  host: string,
  port: number,
): Promise<"open" | "closed"> {
  const answer = await runAt(from, process.execPath, "-e", TRIES, protocol, host, String(port));
  return answer.trim() as "open" | "closed";
}
