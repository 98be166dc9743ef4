import { join } from "node:path";
import { NODE_NAME, POD_RANGE } from "./addresses.ts";

const CHAIN = "BED-POLICIES";
const QUEUE = 100;

/**
 * Rules that send each new connection of a pod to the enforcer, after its destination was looked up and before its source
 * is hidden. What the node itself sends is not judged, as everywhere: the kubelet must reach the pods. The enforcer's own
 * rules say the same in nftables' own words, for which some kernels lack a module; without an enforcer nothing passes.
 */
export const ENFORCER_RULES = `*mangle
:${CHAIN} - [0:0]
-F ${CHAIN}
-A ${CHAIN} -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN
-A ${CHAIN} -m addrtype --src-type LOCAL -j RETURN
-A ${CHAIN} -s ${POD_RANGE} -j NFQUEUE --queue-num ${QUEUE}
-A ${CHAIN} -d ${POD_RANGE} -j NFQUEUE --queue-num ${QUEUE}
-A POSTROUTING -j ${CHAIN}
-A INPUT -s ${POD_RANGE} -j ${CHAIN}
COMMIT
`;

/** Takes the rules away: a cluster whose network knows no policies. */
export const NO_ENFORCER_RULES = `*mangle
-F ${CHAIN}
COMMIT
`;

export function enforcerFlags(directory: string): string[] {
  return [
    `--kubeconfig=${join(directory, "admin.kubeconfig")}`,
    `--hostname-override=${NODE_NAME}`,
    `--nfqueue-id=${QUEUE}`,
    "--fail-open=false",
    "--netfilter-bug-1766-fix=false",
    "--metrics-bind-address=127.0.0.1:19080",
    "-v=2",
  ];
}
