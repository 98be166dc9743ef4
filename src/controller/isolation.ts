import type { ReasonName } from "../api/reasons.ts";
import { PROBE_HOLDS_DAYS, type ProbeResult } from "../api/status.ts";
import type { Finding } from "../policy/policy.ts";
import type { Practice } from "../practice/practice.ts";
import { type Verdict, verdict } from "./verdict.ts";

const FOREIGN: Readonly<Record<string, ReasonName>> = {
  NetworkPolicy: "ForeignPolicy",
  Service: "ForeignService",
  Ingress: "ForeignService",
  HTTPRoute: "ForeignService",
  Pod: "ForeignPod",
};

/** `NetworkIsolated`: what the API server has, and what the last try of the network itself found. */
export function isolation(
  practice: Practice,
  broken: Finding | undefined,
  probe: ProbeResult | undefined,
  now: Date,
  unjudged: readonly string[] = [],
): Verdict {
  const say = (status: Verdict["status"], reason: ReasonName, message: string) =>
    verdict("NetworkIsolated", status, reason, message);
  if (broken) return brokenIsolation(broken);
  const isOpenDoor = practice.network.frontDoor.length === 0;
  const openDoor = isOpenDoor
    ? " Any pod may reach the front pod, because the ingress controller's pods are not known; name them in the operator option frontDoor."
    : "";
  if (probe?.open?.length) {
    return say(
      "False",
      "PoliciesNotEnforced",
      `The network of this cluster lets through what no policy does: ${some(probe.open)}. Use a network plugin that enforces NetworkPolicies in both directions.`,
    );
  }
  if (unjudged.length > 0) {
    return say(
      "Unknown",
      "ForeignPolicyKind",
      `${some(unjudged)}: a policy of the cluster's network plugin is about pods of the practice, or may be, and lets something through. The operator cannot judge what. Remove it, or see to it that it leaves this namespace alone.${openDoor}`,
    );
  }
  const isFresh = probe && now.getTime() - Date.parse(probe.at) < PROBE_HOLDS_DAYS * 86_400_000;
  if (!isFresh) {
    const past = probe ? `was not tried for more than ${PROBE_HOLDS_DAYS} days` : "has not been tried";
    return say(
      "Unknown",
      "NotProbed",
      `Default deny and the declared edges are in force on the API server; whether this cluster's network obeys them ${past}.${openDoor}`,
    );
  }
  if (!probe.answered) {
    return say(
      "Unknown",
      "ProbeUnanswered",
      `The walls are in force on the API server. Six pods were to try whether the network obeys them, and not all gave an answer.${openDoor}`,
    );
  }
  if (probe.shut?.length) {
    return say(
      "Unknown",
      "ProbeUnanswered",
      `Nothing got through that should not, but neither did what should: ${some(probe.shut)}. So it is not known whether it was the walls that held.${openDoor}`,
    );
  }
  const late = probe.late?.length
    ? ` While a pod had just begun, this was open for a moment: ${some(probe.late)}.`
    : "";
  return say(
    "True",
    isOpenDoor ? "FrontDoorOpenToCluster" : "Verified",
    `Nobody widened the walls, and on this cluster's network a try found them as declared.${late}${openDoor}`,
  );
}

/** What is wrong with the walls. */
export function brokenIsolation({ check, object, message }: Finding): Verdict {
  const foreign = check.startsWith("foreign") ? FOREIGN[object.split("/")[0] ?? ""] : undefined;
  return verdict("NetworkIsolated", "False", foreign ?? "PolicyViolated", `${object}: ${message}`);
}

/** The first few of a list, and how many more there are. */
function some(names: readonly string[]): string {
  const [shown, more] = [names.slice(0, 5), names.length - 5];
  return more > 0 ? `${shown.join(", ")} and ${more} more` : shown.join(", ");
}
