import { revealingWord } from "../api/domain.ts";
import type { PolicySpec } from "../policy/edges.ts";
import { edgesOf } from "../policy/edges.ts";
import type { Evidence } from "./report.ts";

/** What differs from how a practice is by itself, each as a sentence. Nothing of it breaks a check. */
export function exceptions(evidence: Evidence): readonly string[] {
  const { practice, status } = evidence;
  const pending = status.conditions?.find(({ type, status }) => type === "UpdatePending" && status === "True");
  const revealing = revealingWord([practice.domain, ...Object.values(practice.hosts)]);
  return [
    ...images(evidence),
    ...wideWays(evidence),
    ...annotations(evidence),
    ...(practice.network.frontDoor.length === 0
      ? [
          "Any pod of the cluster may reach the front pod, because it is not known who knocks (FrontDoorOpenToCluster). " +
            "Name the ingress controller's pods in the operator option frontDoor.",
        ]
      : []),
    ...(revealing === undefined
      ? []
      : [`"${revealing}" in a host tells what this is about; it was acknowledged in spec.privacy.`]),
    ...(practice.suspend ? ["spec.suspend holds back changes of version, size and settings."] : []),
    ...(pending
      ? [`A change waits (${pending.reason}), so some workloads are judged as they were applied before it.`]
      : []),
  ];
}

function images({ practice, releaseImages }: Evidence): string[] {
  return Object.entries(practice.images).flatMap(([name, image]) => [
    ...(image.includes("@sha256:") ? [] : [`Image ${name} is not pinned by digest: ${image}`]),
    ...(image === releaseImages[name]
      ? []
      : [`Image ${name} is overridden by the operator option images; the release has ${releaseImages[name]}`]),
  ]);
}

/** Ways out to a range of addresses that holds a sixteenth of all of them or more. */
function wideWays({ objects }: Evidence): string[] {
  return objects
    .filter(({ kind }) => kind === "NetworkPolicy")
    .flatMap((policy) => {
      const cidrs = edgesOf(policy["spec"] as PolicySpec).flatMap(({ direction, peer }) => {
        const { ipBlock } = (peer ?? {}) as { ipBlock?: { cidr: string } };
        return direction === "egress" && ipBlock && Number(ipBlock.cidr.split("/")[1]) <= 4 ? [ipBlock.cidr] : [];
      });
      return [...new Set(cidrs)].map(
        (cidr) => `NetworkPolicy/${policy.metadata.name} lets its pods go to ${cidr}: wide egress.`,
      );
    });
}

function annotations({ practice, allowedAnnotations }: Evidence): string[] {
  const { exposure, video } = practice;
  const used = { ...(exposure.kind === "ingress" ? exposure.annotations : {}), ...video.media.annotations };
  const widened = Object.keys(used).filter((key) => allowedAnnotations.includes(key));
  return widened.map(
    (key) =>
      `The annotation ${key} is there because the operator option allowedAnnotations lets it; it can weaken a promise.`,
  );
}
