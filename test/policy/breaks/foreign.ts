import type { IPodSpec } from "kubernetes-models/v1";
import { LABEL } from "../../../src/api/group.ts";
import { describe } from "../../../src/manifest.ts";
import { podTemplates } from "../../../src/policy/pods.ts";
import type { PolicyInput } from "../../../src/policy/policy.ts";
import { add, type Break } from "../../support/broken.ts";

const metadata = (name: string, more: object = {}) => ({ name, namespace: "greenriver", ...more });
const TRIAL_LABELS = {
  [LABEL.practice]: "greenriver",
  [LABEL.serves]: "trial",
  [LABEL.role]: "trial",
  [LABEL.name]: "trial",
};
const ourLabels = { [LABEL.practice]: "greenriver", [LABEL.serves]: "synapse", [LABEL.role]: "synapse" };

function pod(name: string, image: string, more: object = {}, spec: object = {}) {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: metadata(name, more),
    spec: { containers: [{ name: "a", image }], ...spec },
  };
}

const image = ({ practice }: PolicyInput) => practice.images.synapse;
const bySet = (kind: string, name: string) => ({ ownerReferences: [{ kind, name, controller: true, uid: "x" }] });

/** A pod as a workload of ours made it, but for what `change` does to its specification. */
function servingPod(
  input: PolicyInput,
  workload: "Deployment/greenriver-front" | "StatefulSet/greenriver-signalling",
  change: (spec: IPodSpec) => void = () => undefined,
) {
  const made = podTemplates(input.objects).find((template) => describe(template.workload) === workload);
  if (!made) throw new Error(`There is no ${workload}.`);
  const [kind = "", name = ""] = workload.split("/");
  const owner = kind === "Deployment" ? bySet("ReplicaSet", `${name}-6d4cf56db6`) : bySet(kind, name);
  const spec = structuredClone(made.spec);
  change(spec);
  return { ...pod(`${name}-x`, "", { labels: { ...made.labels }, ...owner }), spec };
}

/** As the API server has a pod of a probe: behind the homeserver's wall, serving nobody. */
function probePod({ practice }: PolicyInput, container: object = {}, spec: object = {}, labels: object = {}) {
  const dial = {
    name: "dial",
    image: practice.images.operator,
    imagePullPolicy: "IfNotPresent",
    command: ["node", "--max-semi-space-size=1", "src/main.ts", "probe", "dial"],
    env: [{ name: "PROBE_DIAL", value: "[]" }],
    resources: {},
    securityContext: {},
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    ...container,
  };
  const own = { [LABEL.practice]: "greenriver", [LABEL.role]: "synapse", [LABEL.name]: "probe", ...labels };
  return {
    ...pod("greenriver-probe-0-x", "", { labels: own, ...bySet("Job", "greenriver-probe-0") }),
    spec: { containers: [dial], ...spec },
  };
}

/** Things that may be in the namespace without being ours. */
export const HARMLESS: readonly Break[] = [
  add("", "a policy that only denies", () => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: metadata("deny"),
    spec: { podSelector: {}, policyTypes: ["Ingress"] },
  })),
  add("", "a policy for cert-manager's solver", () => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: metadata("solver"),
    spec: { podSelector: { matchLabels: { "acme.cert-manager.io/http01-solver": "true" } }, ingress: [{}] },
  })),
  add("", "cert-manager's solver", () =>
    pod("cm-acme-http-solver-x", "quay.io/jetstack/cert-manager-acmesolver:v1.20.2", {
      labels: { "acme.cert-manager.io/http01-solver": "true" },
    }),
  ),
  add("", "cert-manager's route to it", () => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: metadata("cm-acme-http-solver-x"),
    spec: {
      rules: [
        {
          host: "meet.greenriver.example",
          http: {
            paths: [
              {
                path: "/.well-known/acme-challenge/abc",
                backend: { service: { name: "cm-acme-http-solver-x", port: { number: 8089 } } },
              },
            ],
          },
        },
      ],
    },
  })),
  add("", "what tries a configuration, after its Job has gone", (input) =>
    pod("greenriver-trial-x", image(input), { labels: TRIAL_LABELS, ...bySet("Job", "greenriver-trial-0") }),
  ),
  add("", "what tried the image of a former release, until it is cleared away", () =>
    pod("greenriver-trial-x", "registry.example/former/synapse:v1", {
      labels: TRIAL_LABELS,
      ...bySet("Job", "greenriver-trial-0"),
    }),
  ),
  add("", "what tries the walls, after its Job has gone", (input) => probePod(input)),
  add("", "what tries the walls, of a former release", (input) =>
    probePod(input, { image: input.practice.images.operator.replace(/:[^:]*$/, ":0.0.9") }),
  ),
  add("", "a pod of ours", (input) =>
    pod("greenriver-synapse-0", image(input), { labels: ourLabels, ...bySet("StatefulSet", "greenriver-synapse") }),
  ),
  add("", "a pod of the nightly job", ({ practice }) =>
    pod("greenriver-pruner-29400000-x", practice.images.postgres, {
      labels: { ...ourLabels, [LABEL.serves]: "pruner", [LABEL.role]: "pruner" },
      ...bySet("Job", "greenriver-pruner-29400000"),
    }),
  ),
  add("", "a pod of ours from the former release", (input) =>
    servingPod(input, "Deployment/greenriver-front", ({ containers, volumes = [] }) => {
      for (const container of containers) container.image = container.image?.replace(/:[^:]*$/, ":former") ?? "";
      const web = volumes.find(({ name }) => name === "web")?.configMap;
      if (web) web.name = "greenriver-front-web-0f0f0f0f";
    }),
  ),
  add("", "what is left of a front that was evicted, of a release without the guard", (input) => ({
    ...servingPod(input, "Deployment/greenriver-front", (spec) => {
      spec.volumes = [];
    }),
    status: { phase: "Failed" },
  })),
  add("", "a pod of ours that serves", (input) => servingPod(input, "StatefulSet/greenriver-signalling")),
  add("", "a pod of ours from another registry on its way out", () =>
    pod("greenriver-synapse-0", "mirror.example/synapse:1", {
      labels: ourLabels,
      deletionTimestamp: "2026-11-24T00:00:00Z",
      ...bySet("StatefulSet", "greenriver-synapse"),
    }),
  ),
  add("", "a Service of somebody else's own pods", () => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: metadata("other"),
    spec: { selector: { app: "other" } },
  })),
];

/** What somebody could make of a pod with a probe's labels: all of it has the homeserver's way out. */
const DISGUISED: Readonly<Record<string, Parameters<typeof probePod> extends [unknown, ...infer More] ? More : never>> =
  {
    "another command": [{ command: ["node", "-e", "0"] }],
    "other code by a variable": [{ env: [{ name: "NODE_OPTIONS", value: "--import=data:text/javascript,0" }] }],
    "a value of a Secret": [{ env: [{ name: "PROBE_DIAL", valueFrom: { secretKeyRef: { name: "a", key: "b" } } }] }],
    "another folder to start in": [{ workingDir: "/tmp" }],
    "a command at its start": [{ lifecycle: { postStart: { exec: { command: ["true"] } } } }],
    "a command for its readiness": [{ readinessProbe: { exec: { command: ["true"] } } }],
    "another image": [{ image: "registry.example/other/telehealth-operator:0.1.0" }],
    "a file of its own": [{}, { volumes: [{ name: "code", configMap: { name: "code" } }] }],
    "a second container": [{}, { initContainers: [{ name: "a", image: "busybox" }] }],
    "a label that Services select": [{}, {}, { [LABEL.serves]: "synapse" }],
  };

export const FOREIGN_BREAKS: readonly Break[] = [
  ...Object.entries(DISGUISED).map(([what, more]) =>
    add("foreign-pod", `a pod that says it tries walls, with ${what}`, (input) => probePod(input, ...more)),
  ),
  add("foreign-policy", "a policy that opens everything", () => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: metadata("open"),
    spec: { podSelector: {}, ingress: [{}] },
  })),
  add("foreign-policy", "a way out for what tries a configuration, before there is any", () => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: metadata("open"),
    spec: { podSelector: { matchLabels: { [LABEL.role]: "trial" } }, egress: [{}] },
  })),
  add("pods-carry-the-guard", "a front that serves the meeting page without the guard", (input) =>
    servingPod(input, "Deployment/greenriver-front", ({ containers }) => {
      const [nginx] = containers;
      if (nginx) nginx.volumeMounts = nginx.volumeMounts?.filter(({ name }) => name !== "web") ?? [];
    }),
  ),
  add("pods-carry-the-guard", "a front with a meeting page of somebody else's", (input) =>
    servingPod(input, "Deployment/greenriver-front", ({ volumes = [] }) => {
      const web = volumes.find(({ name }) => name === "web")?.configMap;
      if (web) web.name = "mine";
    }),
  ),
  add("pods-carry-the-guard", "a Prosody without our modules", (input) =>
    servingPod(input, "StatefulSet/greenriver-signalling", (spec) => {
      spec.volumes = spec.volumes?.filter(({ configMap }) => !configMap?.name?.includes("room-modules")) ?? [];
    }),
  ),
  add("foreign-pod", "a recorder that calls itself a trial", () =>
    pod("greenriver-trial-x", "example.com/recorder:1", { labels: TRIAL_LABELS }),
  ),
  add("foreign-pod", "a recorder that calls itself a trial, with a Job of its own", () =>
    pod("greenriver-trial-x", "example.com/recorder:1", { labels: TRIAL_LABELS, ...bySet("Job", "backup-of-mine") }),
  ),
  add("foreign-pod", "a trial that receives what Synapse is told", (input) =>
    pod("greenriver-trial-x", image(input), { labels: { ...TRIAL_LABELS, [LABEL.serves]: "synapse" } }),
  ),
  add("foreign-policy", "a policy that finds our pods by an expression", () => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: metadata("open"),
    spec: {
      podSelector: { matchExpressions: [{ key: LABEL.role, operator: "In", values: ["bridge"] }] },
      egress: [{ to: [{ ipBlock: { cidr: "0.0.0.0/0" } }] }],
    },
  })),
  add("foreign-service", "a Service on our pods", () => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: metadata("open"),
    spec: { type: "LoadBalancer", selector: { [LABEL.serves]: "synapse" } },
  })),
  add("foreign-route", "a route past the front", () => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: metadata("open"),
    spec: { defaultBackend: { service: { name: "greenriver-synapse", port: { number: 8008 } } } },
  })),
  add("foreign-route", "another configuration for the meeting page", () => ({
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: metadata("config"),
    spec: {
      hostnames: ["*.greenriver.example"],
      rules: [{ matches: [{ path: { value: "/config.js" } }], backendRefs: [{ name: "evil", port: 80 }] }],
    },
  })),
  add("foreign-pod", "a pod with our labels", (input) => pod("probe", image(input), { labels: ourLabels })),
  add("foreign-pod", "a recorder in the namespace", () => pod("innocent", "registry.example/innocent:1")),
  add("foreign-pod", "a recorder that claims to be ours", () =>
    pod("innocent", "registry.example/innocent:1", bySet("StatefulSet", "greenriver-synapse")),
  ),
  add("foreign-pod", "a recorder that claims to be a solver", () =>
    pod("innocent", "registry.example/innocent:1", { labels: { "acme.cert-manager.io/http01-solver": "true" } }),
  ),
  add("foreign-pod", "a container attached to our pod", (input) =>
    pod(
      "greenriver-synapse-0",
      image(input),
      { labels: ourLabels, ...bySet("StatefulSet", "greenriver-synapse") },
      { ephemeralContainers: [{ name: "debug", image: image(input) }] },
    ),
  ),
];
