import { REASONS } from "../api/reasons.ts";
import { advertised, bracketed, stunPort, unusable } from "../components/bridge/addresses.ts";
import type { Practice } from "../practice/practice.ts";
import { RESOURCES } from "../runtime/resources.ts";
import type { Context } from "./context.ts";
import { type Complete, type Verdict, verdict } from "./verdict.ts";

/** How long a load balancer may take before the condition doubts that there is one. */
const ADDRESS_MINUTES = 5;

/** `MediaAddressKnown`: where clients send media, or what is missing for that. */
export function mediaAddress(context: Context, { observed, rendering, practice }: Complete): Verdict {
  const awaited = rendering.awaits.find(({ reason }) => REASONS[reason].conditions.includes("MediaAddressKnown"));
  const problem = observed.mediaProblem ?? awaited;
  if (problem) {
    const doubt = problem.reason === "AddressAwaited" ? doubtOf(context, practice) : "";
    return verdict("MediaAddressKnown", "False", problem.reason, problem.message + doubt);
  }
  const addresses = advertised(observed).map(({ ip, port }) => `${bracketed(ip)}:${port}-${stunPort(port)}`);
  const left = unusable(observed).map(({ ip }) => ip);
  const without =
    left.length > 0 ? ` Left out, because the bridge has no address of that kind: ${left.join(", ")}.` : "";
  return verdict(
    "MediaAddressKnown",
    "True",
    "Known",
    `Clients reach the bridge at UDP ${addresses.join(", ")}: media at the first port, trials of the way at the second. Open both in your firewall.${without}`,
  );
}

function doubtOf({ cache, now }: Context, { namespace, names, video }: Practice): string {
  const service = cache.get(RESOURCES.Service, { namespace, name: names.media });
  const minutes = service ? (now().getTime() - Date.parse(service.metadata.creationTimestamp)) / 60_000 : 0;
  if (video.media.service !== "LoadBalancer" || minutes < ADDRESS_MINUTES) return "";
  return ` That has taken more than ${ADDRESS_MINUTES} minutes: perhaps nothing here makes load balancers for UDP. Then set spec.video.media.service to NodePort.`;
}
