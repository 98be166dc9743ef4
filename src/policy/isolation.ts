import { LABEL } from "../api/group.ts";
import { describe } from "../manifest.ts";
import { JOB_ROLES, ROLES } from "../practice/names.ts";
import { isProbe } from "./probe.ts";
import { edgeName, edgesOf, isListed, type PolicySpec } from "./edges.ts";
import { containersOf, podTemplates } from "./pods.ts";
import { type Check, violation } from "./policy.ts";
import { canonical } from "../practice/canonical.ts";
import { ofKind, selects } from "./selectors.ts";

export const defaultDeny: Check = {
  name: "default-deny",
  promise: "isolation",
  because: "Without a policy that selects every pod in both directions, whatever no other policy names is open.",
  violations: ({ objects, practice }) => {
    const name = practice.names.defaultDeny;
    const policy = ofKind(objects, "NetworkPolicy").find(({ metadata }) => metadata.name === name);
    if (!policy) return [violation(`NetworkPolicy/${name}`, "The policy that denies everything is missing.")];
    const spec = policy["spec"] as PolicySpec;
    const both = ["Ingress", "Egress"].every((type) => spec.policyTypes?.includes(type));
    const denies = canonical(spec.podSelector) === "{}" && both && edgesOf(spec).length === 0;
    return denies ? [] : [violation(policy, "It no longer denies everything for every pod in both directions.")];
  },
};

export const everyPodHasItsWall: Check = {
  name: "every-pod-has-its-wall",
  promise: "isolation",
  because: "Policies add up: a pod that is selected by the wall of another role may do what that role may.",
  violations: ({ objects, practice }) => {
    const { defaultDeny, walls } = practice.names;
    const policies = ofKind(objects, "NetworkPolicy").filter(({ metadata }) => metadata.name !== defaultDeny);
    return podTemplates(objects).flatMap(({ workload, role, labels }) => {
      const known = [...ROLES, ...JOB_ROLES].find((name) => name === role);
      const { name } = workload.metadata;
      // Whoever tries a wall stands behind it and serves nobody; only what it starts tells it from a way around.
      const tries = isProbe(practice, workload, labels);
      const named = known && (tries || known === "trial" ? workload.kind === "Job" : name === practice.names[known]);
      if (!named || labels[LABEL.serves] !== (tries ? undefined : known)) {
        return [violation(workload, "The role of its pods is not its own, so neither is their wall.")];
      }
      const found = policies.filter((policy) => selects((policy["spec"] as PolicySpec).podSelector ?? {}, labels));
      const names = found.map((policy) => policy.metadata.name);
      // A trial and a stranger need nobody, so the wall that denies everything is their only one.
      const own = known === "trial" || known === "probe" ? [] : [walls(known)];
      if (names.join() === own.join()) return [];
      return [violation(workload, `Its pods are selected by other walls than ${own.join() || "the default"} alone.`)];
    });
  },
};

export const edgesAsListed: Check = {
  name: "edges-as-listed",
  promise: "isolation",
  because:
    "What a pod may reach is a short list that is kept apart from what renders the policies, so that an opening has " +
    "to be written down twice. From anywhere only media, trials of its way and, where nobody can say who the edge is, the front door.",
  violations: ({ objects, practice }) =>
    ofKind(objects, "NetworkPolicy").flatMap((policy) => {
      const spec = policy["spec"] as PolicySpec;
      return edgesOf(spec)
        .filter((edge) => !isListed(practice, spec, edge))
        .map((edge) => violation(policy, `It opens ${edgeName(edge)}, which no pod of a practice needs.`));
    }),
};

export const noHostAccess: Check = {
  name: "no-host-access",
  promise: "isolation",
  because:
    "A pod in the node's network is outside of every network policy, and a port of the node is open to everybody.",
  violations: ({ objects }) =>
    podTemplates(objects)
      .filter(
        ({ spec }) =>
          spec.hostNetwork ||
          spec.hostPID ||
          spec.hostIPC ||
          spec.volumes?.some(({ hostPath }) => hostPath) ||
          containersOf(spec).some(({ ports }) => ports?.some(({ hostPort }) => hostPort)),
      )
      .map(({ workload }) => violation(workload, "Its pods use the node's network, processes, files or ports.")),
};

/** Ports that Services of a practice have, by role. */
const PORTS: Readonly<Record<string, readonly number[]>> = {
  front: [8080],
  signalling: [5280, 5281, 5222],
  synapse: [8008, 8009, 8080],
  entry: [8080],
  postgres: [5432],
};

interface ServiceSpec {
  readonly type?: string;
  readonly selector?: Readonly<Record<string, string>>;
  readonly externalIPs?: readonly string[];
  readonly ports?: readonly { readonly port: number; readonly protocol?: string }[];
}

export const servicesAsListed: Check = {
  name: "services-as-listed",
  promise: "isolation",
  because: "A Service of a type that the outside can reach, or with one port more, is a door that nobody looks at.",
  violations: ({ objects, practice }) =>
    ofKind(objects, "Service")
      .filter((service) => {
        const { type = "ClusterIP", selector = {}, externalIPs = [], ports = [] } = service["spec"] as ServiceSpec;
        const role = selector[LABEL.serves] ?? "";
        const isMedia = service.metadata.name === practice.names.media;
        const { exposure, video } = practice;
        const front = role === "front" && exposure.kind === "service" ? exposure.type : "ClusterIP";
        const media = [video.media.port, video.media.port + 1];
        const listed = ports.every(({ port, protocol = "TCP" }) =>
          isMedia ? protocol === "UDP" && media.includes(port) : protocol === "TCP" && PORTS[role]?.includes(port),
        );
        return !(
          listed &&
          role === (isMedia ? "bridge" : role) &&
          type === (isMedia ? video.media.service : front) &&
          externalIPs.length === 0
        );
      })
      .map((service) => violation(service, `${describe(service)} is not one of the practice's Services as listed.`)),
};
