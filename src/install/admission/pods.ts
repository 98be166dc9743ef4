import { LABEL } from "../../api/group.ts";
import { type AdmissionPolicy, on, SEE } from "./policy.ts";
import { CERT_MANAGER, notExempt, notWorkloadControllers, OPERATOR } from "./users.ts";

const SOLVER_LABEL = "acme.cert-manager.io/http01-solver";

const RUNS = on(["CREATE", "UPDATE"], {
  "": ["pods", "replicationcontrollers"],
  apps: ["daemonsets", "deployments", "replicasets", "statefulsets"],
  batch: ["cronjobs", "jobs"],
});

/** The object that holds pods' `metadata` and `spec`: itself, or the template in it. */
const holder = (object: string) =>
  `has(dyn(${object}).spec.jobTemplate) ? dyn(${object}).spec.jobTemplate.spec.template : ` +
  `has(dyn(${object}).spec.template) ? dyn(${object}).spec.template : dyn(${object})`;
const listOf = (spec: string, field: string) => `(has(${spec}.${field}) ? ${spec}.${field} : [])`;
const containersOf = (spec: string) =>
  ["containers", "initContainers", "ephemeralContainers"].map((field) => listOf(spec, field)).join(" + ");
/** True where a boolean field is there and set. */
const isSet = (object: string, field: string) => `has(${object}.${field}) && ${object}.${field}`;

const VARIABLES = [
  { name: "pod", expression: holder("object") },
  { name: "containers", expression: containersOf("variables.pod.spec") },
  { name: "former", expression: `dyn(oldObject) == null ? dyn(null) : (${holder("oldObject")})` },
  {
    // Made by cert-manager itself: whoever writes that label on a pod of his own is no solver.
    name: "isSolver",
    expression: `${CERT_MANAGER} && has(variables.pod.metadata.labels) && '${SOLVER_LABEL}' in variables.pod.metadata.labels`,
  },
];

/** Its name in every registry; the rest of the name and its version are up to cert-manager's own options. */
const SOLVER_IMAGE = "^([^@]*/)?cert-manager-acmesolver(:[^:@/]+)?(@sha256:[0-9a-f]{64})?$";

export const images: AdmissionPolicy = {
  name: "images",
  refuses: "a pod, or a workload with a template, that has an image other than those of the release or the one before",
  exempt: [
    "workload controllers, which only carry out a template that was admitted",
    "what an object had before it was changed",
    "cert-manager's solver, when cert-manager makes it",
  ],
  holds: "practices",
  params: "images",
  spec: {
    matchConstraints: { resourceRules: RUNS },
    matchConditions: [notExempt, notWorkloadControllers],
    variables: [
      ...VARIABLES,
      { name: "listed", expression: "(params.data.images + '\\n' + params.data.former).split('\\n')" },
      {
        name: "before",
        expression: `variables.former == null ? [] : (${containersOf("variables.former.spec")}).map(c, has(c.image) ? string(c.image) : '')`,
      },
      {
        name: "foreign",
        expression:
          "variables.containers.map(c, has(c.image) ? string(c.image) : '').filter(i, !(i in variables.listed) && " +
          `!(i in variables.before) && !(variables.isSolver && i.matches('${SOLVER_IMAGE}')))`,
      },
    ],
    validations: [
      {
        expression: "variables.foreign.size() == 0",
        messageExpression: `'In the namespace of a practice only its own images run. Not among them: ' + variables.foreign.join(', ') + '. ${SEE}'`,
        reason: "Forbidden",
      },
    ],
  },
};

const OURS = [LABEL.role, LABEL.serves].map((label) => `'${label}'`).join(", ");
const labelsOf = (holder: string) =>
  `has(${holder}.metadata) && has(${holder}.metadata.labels) ? ${holder}.metadata.labels : {}`;

export const pods: AdmissionPolicy = {
  name: "pods",
  refuses:
    "a pod or template with the node's network, processes, ports or files, with privilege, or with a token for the API " +
    "server; labels that lead the practice's traffic to it or give it another role's ways",
  exempt: [
    "workload controllers, as above",
    "the operator, and Jobs of `telehealth backup` and `restore`, for labels",
    "the cluster's token of cert-manager's solver",
  ],
  holds: "practices",
  spec: {
    matchConstraints: { resourceRules: RUNS },
    matchConditions: [notExempt, notWorkloadControllers],
    variables: [
      ...VARIABLES,
      { name: "labels", expression: labelsOf("variables.pod") },
      {
        name: "before",
        expression: `variables.former == null ? dyn({}) : dyn(${labelsOf("variables.former")})`,
      },
    ],
    validations: [
      refusal(
        `!(${["hostNetwork", "hostPID", "hostIPC"].map((field) => isSet("variables.pod.spec", field)).join(" || ")})`,
        "A pod of a practice does not use the network or the processes of its node.",
      ),
      refusal(
        `variables.containers.all(c, ${listOf("c", "ports")}.all(p, !has(p.hostPort) || p.hostPort == 0))`,
        "A pod of a practice opens no port of its node.",
      ),
      refusal(
        `${listOf("variables.pod.spec", "volumes")}.all(v, !has(v.hostPath))`,
        "A pod of a practice does not use files of its node.",
      ),
      refusal(
        `variables.containers.all(c, has(c.securityContext) && !(${isSet("c.securityContext", "privileged")}) && ` +
          "has(c.securityContext.allowPrivilegeEscalation) && !c.securityContext.allowPrivilegeEscalation && " +
          "!(has(c.securityContext.capabilities) && has(c.securityContext.capabilities.add)))",
        "Every container of a practice sets allowPrivilegeEscalation: false and adds no privilege.",
      ),
      refusal(
        `variables.isSolver || (has(variables.pod.spec.automountServiceAccountToken) && ` +
          `!variables.pod.spec.automountServiceAccountToken && ${listOf("variables.pod.spec", "volumes")}.all(v, ` +
          `!has(v.projected) || ${listOf("v.projected", "sources")}.all(s, !has(s.serviceAccountToken))))`,
        "A pod of a practice has no token for the API server: set automountServiceAccountToken: false.",
      ),
      refusal(
        `${OPERATOR} || (dyn(oldObject) != null && variables.labels == variables.before) || ((dyn(oldObject) == null || ` +
          `request.resource.resource != 'pods') && [${OURS}].all(l, !(l in variables.labels) || variables.labels[l] == 'backup'))`,
        "Labels that lead traffic to pods of a practice, or open ways to them, are the operator's to set.",
      ),
    ],
  },
};

function refusal(expression: string, sentence: string) {
  return { expression, message: `${sentence} ${SEE}`, reason: "Forbidden" as const };
}
