import type { Practice } from "../../practice/practice.ts";
import { bridgePort, JVB_HTTP_PORT } from "../jitsi/jvb.ts";
import type { ContainerParams } from "../kube.ts";
import { stunPort } from "./addresses.ts";

/** The port on which the responder listens in the bridge's pod. */
export function responderPort(practice: Pick<Practice, "video">): number {
  return stunPort(bridgePort(practice));
}

/**
 * Answers devices that try the way to the bridge before a call, where the bridge would: it knows sessions only. It has no
 * probe, so that nothing but its own end makes the pod unready. Measured: 40 MB of its own under a flood; below 80 MiB in
 * all Node's own program no longer fits.
 */
export function responder(practice: Practice): ContainerParams {
  const port = responderPort(practice);
  return {
    name: "stun",
    image: practice.images.operator,
    command: ["node", "--max-semi-space-size=1", "src/main.ts", "stun"],
    env: [
      { name: "STUN_PORT", value: String(port) },
      { name: "STUN_BRIDGE", value: String(JVB_HTTP_PORT) },
    ],
    ports: [{ name: "stun", containerPort: port, protocol: "UDP" }],
    // One that has only just been started does not hear the signal to end, and would keep the pod for its long grace.
    lifecycle: { preStop: { sleep: { seconds: 5 } } },
    resources: { cpu: "10m", memory: "96Mi" },
  };
}
