import { LABEL } from "../../../src/api/group.ts";
import type { Manifest } from "../../../src/manifest.ts";
import type { PolicyInput } from "../../../src/policy/policy.ts";
import { and, type Break, edit, editFile, editPod, replaced } from "../../support/broken.ts";

const PROVIDER = {
  issuer: "https://login.greenriver.example",
  clientId: "messaging",
  clientSecretRef: { name: "login", key: "secret" },
  requiredClaim: { name: "groups", value: "therapists" },
  to: { cidrs: ["203.0.113.9/32"] },
};

interface ProbeJob {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: { readonly template: { readonly metadata: { readonly labels: Record<string, string> } } };
}

export const ISOLATION_BREAKS: readonly Break[] = [
  {
    check: "default-deny",
    what: "no default",
    does: (input) => ({
      ...input,
      objects: input.objects.filter(({ metadata }) => metadata.name !== input.practice.names.defaultDeny),
    }),
  },
  edit("default-deny", "only one direction", "NetworkPolicy/default-deny", (policy) => {
    policy.spec.policyTypes = ["Ingress"];
  }),
  edit("default-deny", "only some pods", "NetworkPolicy/default-deny", (policy) => {
    policy.spec.podSelector = { matchLabels: { a: "b" } };
  }),
  edit("every-pod-has-its-wall", "a pod without a role", "Deployment/entry", (deployment) => {
    delete deployment.spec.template.metadata.labels[LABEL.role];
  }),
  edit("every-pod-has-its-wall", "a pod behind another wall", "Deployment/entry", (deployment) => {
    deployment.spec.template.metadata.labels[LABEL.role] = "front";
  }),
  ...(["front", "synapse"] as const).map((role) => ({
    check: "every-pod-has-its-wall",
    what: `what tries the wall of ${role} and is sent its traffic`,
    does: (input: PolicyInput) => {
      const objects = structuredClone(input.objects) as unknown as ProbeJob[];
      for (const { kind, metadata, spec } of objects) {
        const labels = kind === "Job" && metadata.name.includes("-probe-") ? spec.template.metadata.labels : {};
        if (labels[LABEL.role] === role) labels[LABEL.serves] = role;
      }
      return { ...input, objects: objects as unknown as readonly Manifest[] };
    },
  })),
  {
    check: "every-pod-has-its-wall",
    also: ["edges-as-listed"],
    what: "a wall with a way out for what tries a configuration",
    does: (input) => {
      const wall = input.objects.find(({ metadata }) => metadata.name === input.practice.names.walls("pruner"));
      const spec = { podSelector: { matchLabels: { [LABEL.role]: "trial" } }, egress: [{}] };
      const metadata = { ...wall?.metadata, name: input.practice.names.walls("trial") };
      return { ...input, objects: [...input.objects, { ...wall, metadata, spec } as Manifest] };
    },
  },
  {
    check: "every-pod-has-its-wall",
    what: "a trial with the ways out of the homeserver",
    does: (input) => ({
      ...input,
      objects: input.objects.map((object) =>
        object.kind === "Job" && object.metadata.labels?.[LABEL.component] === "synapse"
          ? (JSON.parse(
              JSON.stringify(object).replace(`"${LABEL.role}":"trial"`, `"${LABEL.role}":"synapse"`),
            ) as Manifest)
          : object,
      ),
    }),
  },
  edit("edges-as-listed", "Synapse for everybody", "NetworkPolicy/synapse", (policy) => {
    delete policy.spec.ingress[0].from;
  }),
  edit("edges-as-listed", "the internal port for another namespace", "NetworkPolicy/signalling", (policy) => {
    const peer = { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "operators" } } };
    policy.spec.ingress.push({ from: [peer], ports: [{ port: 5281, protocol: "TCP" }] });
  }),
  edit("edges-as-listed", "all ports", "NetworkPolicy/bridge", (policy) => {
    delete policy.spec.ingress[0].ports;
  }),
  edit("edges-as-listed", "a range of ports", "NetworkPolicy/bridge", (policy) => {
    policy.spec.ingress[0].ports[0].endPort = 65535;
  }),
  edit("edges-as-listed", "a third port beside media and trials", "NetworkPolicy/bridge", (policy) => {
    const [{ ports }] = policy.spec.ingress;
    policy.spec.ingress[0].ports = [...ports, { ...ports[0], port: ports[0].port + 2 }];
  }),
  edit("edges-as-listed", "trials over TCP", "NetworkPolicy/bridge", (policy) => {
    policy.spec.ingress.at(-1).ports.at(-1).protocol = "TCP";
  }),
  edit("edges-as-listed", "the way to the internet", "NetworkPolicy/bridge", (policy) => {
    policy.spec.egress.push({ to: [{ ipBlock: { cidr: "0.0.0.0/0" } }], ports: [{ port: 443, protocol: "TCP" }] });
  }),
  edit(
    "edges-as-listed",
    "the cloud's credentials",
    "NetworkPolicy/synapse",
    (policy) => {
      const rule = policy.spec.egress.find((rule: { to: { ipBlock?: unknown }[] }) => rule.to[0]?.ipBlock);
      rule.to[0].ipBlock.except = [];
    },
    {
      spec: {
        messaging: {
          database: {
            external: { host: "db.greenriver.example", secretRef: { name: "db" }, to: { cidrs: ["0.0.0.0/0"] } },
          },
        },
      },
    },
  ),
  edit("services-as-listed", "Synapse on every node", "Service/synapse", (service) => {
    service.spec.type = "NodePort";
  }),
  edit("services-as-listed", "a port more", "Service/signalling", (service) => {
    service.spec.ports.push({ name: "more", port: 5347, protocol: "TCP" });
  }),
  edit("services-as-listed", "a third port of media", "Service/media", (service) => {
    const [{ port }] = service.spec.ports;
    service.spec.ports.push({ name: "more", port: port + 2, protocol: "UDP" });
  }),
  edit("services-as-listed", "trials over TCP", "Service/media", (service) => {
    service.spec.ports[1].protocol = "TCP";
  }),
  editPod("no-host-access", "the node's network", "StatefulSet/bridge", (spec) => {
    spec.hostNetwork = true;
  }),
  editPod("no-host-access", "a port of the node", "StatefulSet/bridge", (spec) => {
    spec.containers[0].ports[0].hostPort = 10_000;
  }),
  editFile(
    "admin-on-loopback",
    "the bridge's debugging page for everybody",
    "jvb/jvb.conf",
    replaced('"host": "127.0.0.1"', '"host": "0.0.0.0"'),
  ),
  editFile(
    "admin-on-loopback",
    "people administered from every pod",
    "synapse/homeserver.yaml",
    replaced(/"bind_addresses": \[\s*"127\.0\.0\.1"\s*\],/, ""),
  ),
  edit(
    "edges-as-listed",
    "another port of the provider",
    "NetworkPolicy/entry",
    (policy) => {
      const rule = policy.spec.egress.find((rule: { to: { ipBlock?: unknown }[] }) => rule.to[0]?.ipBlock);
      rule.ports[0].port = 22;
    },
    { spec: { staff: { oidc: PROVIDER } } },
  ),
  editFile(
    "admin-on-loopback",
    "jicofo's list of rooms",
    "jicofo/jicofo.conf",
    replaced('"host": "127.0.0.1"', '"host": "0.0.0.0"'),
  ),
  and(
    ["paths-as-listed"],
    editFile(
      "admin-on-loopback",
      "Element past the front",
      "front-element/nginx.conf",
      replaced("listen 127.0.0.1:8081", "listen 8081"),
    ),
  ),
  editFile(
    "daemons-know-signalling-alone",
    "a second XMPP server that can start calls",
    "jvb/jvb.conf",
    replaced('"configs": {', '"configs": { "other": { "HOSTNAME": "203.0.113.9" },'),
  ),
  editFile(
    "daemons-know-signalling-alone",
    "another XMPP server",
    "jvb/jvb.conf",
    replaced('"HOSTNAME": "greenriver-signalling"', '"HOSTNAME": "203.0.113.9"'),
  ),
  editFile(
    "daemons-know-signalling-alone",
    "other bridges under a former name, which wins",
    "jvb/jvb.conf",
    replaced('"relay": {', '"octo": { "enabled": true }, "relay": {'),
  ),
  editFile(
    "daemons-know-signalling-alone",
    "a setting of ice4j under its former name, which wins",
    "jvb/jvb.conf",
    replaced("{", '{ "org": { "ice4j": { "REDACT_REMOTE_ADDRESSES": false } },'),
  ),
  editFile(
    "daemons-know-signalling-alone",
    "a server for visitors",
    "jicofo/jicofo.conf",
    replaced('"service": {', '"visitors": { "v1": { "enabled": true, "hostname": "203.0.113.9" } }, "service": {'),
  ),
  editFile(
    "daemons-know-signalling-alone",
    "any certificate",
    "jicofo/jicofo.conf",
    replaced('"disable-certificate-verification": false', '"disable-certificate-verification": true'),
  ),
];
