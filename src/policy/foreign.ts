import { LABEL } from "../api/group.ts";
import type { Manifest } from "../manifest.ts";
import { type Edge, edgesOf, type PolicySpec } from "./edges.ts";
import { containersOf, podTemplates } from "./pods.ts";
import { isProbePod, repository } from "./probe.ts";
import { type Check, type PolicyInput, violation } from "./policy.ts";
import { backendsOf, hostsOf, pathsOf } from "./routes.ts";
import { ofKind, selects } from "./selectors.ts";

/** Made for this practice: the label that every rendered object carries. */
export function isOurs({ practice }: Pick<PolicyInput, "practice">, { metadata }: Manifest): boolean {
  return practice.uid !== undefined && metadata.labels?.[LABEL.practiceUid] === practice.uid;
}

function foreign(input: PolicyInput, ...kinds: readonly string[]): Manifest[] {
  return ofKind(input.objects, ...kinds).filter((object) => !isOurs(input, object));
}

/** Labels that our pods have: from the templates of our workloads, which are there before any pod is. */
function ourPods(input: PolicyInput): Readonly<Record<string, string>>[] {
  const templates = podTemplates(input.objects.filter((object) => isOurs(input, object)));
  return [...templates.map(({ labels }) => labels), { ...TRIAL, [LABEL.practice]: input.practice.name }];
}

/** Labels of pods that try a configuration; they come and go with their Job. */
const TRIAL = { [LABEL.role]: "trial", [LABEL.serves]: "trial", [LABEL.name]: "trial" };

const SOLVER_LABEL = "acme.cert-manager.io/http01-solver";
const CHALLENGES = "/.well-known/acme-challenge/";

export const foreignPolicy: Check = {
  name: "foreign-policy",
  promise: "isolation",
  because: "Policies add up: one more that selects our pods and allows anything opens the wall.",
  violations: (input) =>
    foreign(input, "NetworkPolicy")
      .filter((policy) => {
        const spec = policy["spec"] as PolicySpec;
        const opens: Edge[] = edgesOf(spec);
        return opens.length > 0 && ourPods(input).some((labels) => selects(spec.podSelector ?? {}, labels));
      })
      .map((policy) =>
        violation(policy, "This network policy is not the practice's, yet it opens pods of it. Please remove it."),
      ),
};

export const foreignService: Check = {
  name: "foreign-service",
  promise: "isolation",
  because: "A Service of somebody else that selects our pods is a way in past the front, or from outside the cluster.",
  violations: (input) =>
    foreign(input, "Service")
      .filter((service) => {
        const { selector } = service["spec"] as { selector?: Readonly<Record<string, string>> };
        if (!selector || Object.keys(selector).length === 0) return false;
        return ourPods(input).some((labels) => selects({ matchLabels: selector }, labels));
      })
      .map((service) =>
        violation(service, "This Service is not the practice's, yet it leads to pods of it. Please remove it."),
      ),
};

export const foreignRoute: Check = {
  name: "foreign-route",
  promise: "isolation",
  because:
    "A route of somebody else can serve a path of our hosts, and with it another configuration for the meeting page, " +
    "or lead past the front. Only cert-manager's challenges may come in beside our own routes.",
  violations: (input) => {
    const services = new Set(
      input.objects.filter(({ kind }) => kind === "Service").flatMap((o) => (isOurs(input, o) ? o.metadata.name : [])),
    );
    // Also those that are still served while an edit of the manifest waits.
    const served = ofKind(input.objects, "Ingress", "HTTPRoute").filter((route) => isOurs(input, route));
    const hosts = [...Object.values(input.practice.hosts), ...served.flatMap(hostsOf)];
    return foreign(input, "Ingress", "HTTPRoute")
      .filter((route) => {
        if (backendsOf(route).some(({ name }) => services.has(name))) return true;
        const paths = pathsOf(route);
        const answersChallenge = paths.length > 0 && paths.every((path) => path.startsWith(CHALLENGES));
        return !answersChallenge && hostsOf(route).some((host) => covers(host, hosts));
      })
      .map((route) =>
        violation(route, "This route is not the practice's, yet it serves hosts or pods of it. Please remove it."),
      );
  },
};

/** Whether a host of a route, which may be a wildcard or empty for any, matches one of ours. */
function covers(host: string, ours: readonly string[]): boolean {
  return ours.some((own) => host === "" || host === own || (host.startsWith("*.") && own.endsWith(host.slice(1))));
}

interface Owned {
  readonly ownerReferences?: readonly { readonly kind: string; readonly name: string; readonly controller?: boolean }[];
  readonly deletionTimestamp?: string;
}

/** The workload of ours that made a pod: a StatefulSet directly, others through what is named after them. */
export function makerOf(input: Pick<PolicyInput, "objects" | "practice">, pod: Manifest): Manifest | undefined {
  const { ownerReferences = [] } = pod.metadata as Owned;
  const owner = ownerReferences.find(({ controller }) => controller);
  return input.objects.find((workload) => {
    if (!owner || !isOurs(input, workload)) return false;
    const { kind, metadata } = workload;
    if (kind === "StatefulSet") return owner.kind === kind && owner.name === metadata.name;
    if (kind === "CronJob") return owner.kind === "Job" && owner.name.startsWith(`${metadata.name}-`);
    return kind === "Deployment" && owner.kind === "ReplicaSet" && owner.name.startsWith(`${metadata.name}-`);
  });
}

export const foreignPod: Check = {
  name: "foreign-pod",
  promise: "isolation",
  because:
    "A pod with our labels receives our traffic or has our ways out. A pod with another image may be a recorder. An " +
    "ephemeral container sees what the pod sees.",
  violations: (input) => {
    const repositories = new Set(Object.values(input.practice.images).map(repository));
    return ofKind(input.objects, "Pod").flatMap((pod) => {
      const spec = pod["spec"] as Parameters<typeof containersOf>[0];
      if (spec.ephemeralContainers && spec.ephemeralContainers.length > 0) {
        return [violation(pod, "Somebody attached a container to this pod. Please delete the pod.")];
      }
      const labels = pod.metadata.labels ?? {};
      if (isProbePod(input.practice, pod)) return [];
      const maker = makerOf(input, pod);
      // Such a pod gets no traffic and has no way out, so its labels are worth nothing to anybody; its Job may be gone.
      const isTrial = Object.entries(TRIAL).every(([label, value]) => labels[label] === value);
      if (!maker && !isTrial && (LABEL.role in labels || LABEL.serves in labels)) {
        return [violation(pod, "This pod is not the practice's, yet it has labels of its pods. Please remove it.")];
      }
      const leaving = (maker ?? isTrial) && (pod.metadata as Owned).deletionTimestamp !== undefined;
      // What its workload says is judged there, and may be of a former release while calls are spared.
      const made = podTemplates(maker ? [maker] : []).flatMap(({ spec }) =>
        containersOf(spec).map(({ image }) => image),
      );
      const isSolver = labels[SOLVER_LABEL] === "true";
      const unknown = containersOf(spec).some(
        ({ image }) =>
          !repositories.has(repository(image)) &&
          !made.includes(image) &&
          !(isSolver && /\bcert-manager-acmesolver$/.test(repository(image))),
      );
      // Its Job may have been of a release with other images; it hears nothing that it could record.
      const ofTrial = ({ kind, name }: { readonly kind: string; readonly name: string }) =>
        kind === "Job" && name.startsWith(`${input.practice.names.trial}-`);
      const tried = isTrial && (pod.metadata as Owned).ownerReferences?.some(ofTrial) === true;
      return unknown && !leaving && !tried
        ? [violation(pod, "This pod runs an image that is not one of the practice's. Please remove it.")]
        : [];
    });
  },
};
