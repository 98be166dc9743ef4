import type { IService } from "kubernetes-models/v1";
import { LABEL } from "../../api/group.ts";
import type { Manifest } from "../../manifest.ts";
import type { Practice } from "../../practice/practice.ts";
import { labels } from "../kube.ts";
import { stunPort } from "./addresses.ts";

/** The ports that a cluster gives to nodes, unless it was told otherwise. */
const isNodePort = (port: number) => port >= 30_000 && port <= 32_767;

/**
 * The UDP Service through which clients reach the bridge, and the responder beside it. Always there, so that its address
 * can be awaited; each port is the same number at the load balancer, at the nodes and in the firewall rule.
 */
export function mediaService(practice: Practice): Manifest & IService {
  const { media } = practice.video;
  const balanced = media.service === "LoadBalancer";
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: practice.names.media,
      labels: { [LABEL.component]: "bridge" },
      ...(Object.keys(media.annotations).length > 0 && { annotations: { ...media.annotations } }),
    },
    spec: {
      type: media.service,
      selector: labels(practice, "bridge").selector,
      // IPv6 as well wherever the cluster has it.
      ipFamilyPolicy: "PreferDualStack",
      externalTrafficPolicy: media.externalTrafficPolicy,
      // A failed probe must not cut the call that is going on.
      publishNotReadyAddresses: true,
      ...(balanced && media.loadBalancerClass && { loadBalancerClass: media.loadBalancerClass }),
      ports: [port("media", media.port), port("stun", stunPort(media.port))],
    },
  };
}

function port(name: string, port: number) {
  return { name, protocol: "UDP" as const, port, targetPort: name, ...(isNodePort(port) && { nodePort: port }) };
}
