import type { IService } from "kubernetes-models/v1";
import { LABEL } from "../../api/group.ts";
import type { Manifest } from "../../manifest.ts";
import type { Practice } from "../../practice/practice.ts";
import { labels } from "../kube.ts";

/** The ports that a cluster gives to nodes, unless it was told otherwise. */
const isNodePort = (port: number) => port >= 30_000 && port <= 32_767;

/**
 * The UDP Service through which clients reach the bridge. Always there, so that its address can be awaited;
 * its one port is the same number at the load balancer, at the nodes and in the firewall rule.
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
      ports: [
        {
          name: "media",
          protocol: "UDP",
          port: media.port,
          targetPort: "media",
          ...(isNodePort(media.port) && { nodePort: media.port }),
        },
      ],
    },
  };
}
