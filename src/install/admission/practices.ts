import { ANNOTATION, API_VERSION, GROUP, KIND, LABEL, PLURAL } from "../../api/group.ts";
import { type AdmissionPolicy, on, SEE } from "./policy.ts";
import { notExempt } from "./users.ts";

const MADE = { resourceRules: on(["CREATE"], { [GROUP]: [PLURAL] }) };
const MADE_OR_EDITED = { resourceRules: on(["CREATE", "UPDATE"], { [GROUP]: [PLURAL] }) };
/** What only touches metadata (our finalizer, a label) always passes, or a practice could not be deleted any more. */
const SPEC_IS_NEW = { name: "spec-is-new", expression: "dyn(oldObject) == null || object.spec != oldObject.spec" };

export const place: AdmissionPolicy = {
  name: "place",
  refuses: "a practice in `default` or in a namespace of Kubernetes itself (`kube-…`)",
  exempt: [],
  holds: "everywhere",
  spec: {
    matchConstraints: MADE,
    matchConditions: [notExempt],
    validations: [
      {
        expression: "request.namespace != 'default' && !request.namespace.startsWith('kube-')",
        message: `A practice needs a namespace of its own, because its walls cut off every pod in it. Create one and apply the manifest there. ${SEE}`,
        reason: "Forbidden",
      },
    ],
  },
};

/** Evaluated once for each practice that the namespace has already. */
export const alone: AdmissionPolicy = {
  name: "alone",
  refuses: "a second practice in a namespace",
  exempt: [],
  holds: "everywhere",
  params: "practices",
  spec: {
    matchConstraints: MADE,
    matchConditions: [notExempt],
    validations: [
      {
        expression: "params.metadata.name == object.metadata.name",
        messageExpression: `'The practice ' + params.metadata.name + ' already lives in ' + request.namespace + '. A practice needs a namespace of its own: create another one. ${SEE}'`,
        reason: "Forbidden",
      },
    ],
  },
};

const host = (which: string, prefix: string) =>
  `has(object.spec.hosts) && has(object.spec.hosts.${which}) ? object.spec.hosts.${which} : '${prefix}.' + object.spec.domain`;

export const domains: AdmissionPolicy = {
  name: "domains",
  refuses: `a practice with a host outside of the domains that its namespace's annotation \`${ANNOTATION.domains}\` lists`,
  exempt: [],
  holds: "everywhere",
  when: "byNamespace",
  spec: {
    matchConstraints: MADE_OR_EDITED,
    matchConditions: [notExempt, SPEC_IS_NEW],
    variables: [
      {
        name: "granted",
        expression:
          `has(namespaceObject.metadata.annotations) && '${ANNOTATION.domains}' in namespaceObject.metadata.annotations ? ` +
          `namespaceObject.metadata.annotations['${ANNOTATION.domains}'].split(',').map(d, d.trim()) : []`,
      },
      {
        name: "hosts",
        expression: `[${host("entry", "go")}, ${host("meet", "meet")}, ${host("matrix", "matrix")}, ${host("chat", "chat")}]`,
      },
    ],
    validations: [
      {
        expression: "variables.hosts.all(h, variables.granted.exists(d, d != '' && (h == d || h.endsWith('.' + d))))",
        message: `A host of this practice is outside of the domains that were granted to its namespace. Ask whoever runs the cluster. ${SEE}`,
        reason: "Forbidden",
      },
    ],
  },
};

const hasLabel = (label: string, value: string) =>
  `has(namespaceObject.metadata.labels) && '${label}' in namespaceObject.metadata.labels && ` +
  `namespaceObject.metadata.labels['${label}'] == '${value}'`;

export const hardened: AdmissionPolicy = {
  name: "hardened",
  refuses: "a practice in a namespace without Pod Security `restricted`",
  exempt: [],
  holds: "everywhere",
  action: "Warn",
  spec: {
    matchConstraints: MADE_OR_EDITED,
    matchConditions: [SPEC_IS_NEW],
    validations: [
      {
        expression: hasLabel("pod-security.kubernetes.io/enforce", "restricted"),
        messageExpression: `'The namespace lacks a label. Please run: kubectl label namespace ' + request.namespace + ' pod-security.kubernetes.io/enforce=restricted'`,
      },
    ],
  },
};

/** A restricted installation knows its namespaces by name. */
export const guarded: AdmissionPolicy = {
  name: "guarded",
  refuses: `a practice in a namespace without the label \`${LABEL.practiceNamespace}\`, by which these policies find it`,
  exempt: [],
  holds: "everywhere",
  when: "clusterWide",
  action: "Warn",
  spec: {
    matchConstraints: MADE_OR_EDITED,
    matchConditions: [SPEC_IS_NEW],
    validations: [
      {
        expression: hasLabel(LABEL.practiceNamespace, "true"),
        messageExpression: `'No admission policy guards this practice yet. Please run: kubectl label namespace ' + request.namespace + ' ${LABEL.practiceNamespace}=true'`,
      },
    ],
  },
};

export const keep: AdmissionPolicy = {
  name: "keep",
  refuses: `to delete a namespace while its label \`${LABEL.keep}\` is \`true\``,
  exempt: [],
  holds: "everywhere",
  spec: {
    matchConstraints: { resourceRules: on(["DELETE"], { "": ["namespaces"] }) },
    matchConditions: [
      {
        name: "is-to-be-kept",
        expression: `has(oldObject.metadata.labels) && '${LABEL.keep}' in oldObject.metadata.labels && oldObject.metadata.labels['${LABEL.keep}'] == 'true'`,
      },
    ],
    validations: [
      {
        expression: "false",
        messageExpression: `'This namespace and everything in it is to be kept. If it may really go: kubectl label namespace ' + oldObject.metadata.name + ' ${LABEL.keep}-'`,
        reason: "Forbidden",
      },
    ],
  },
};

/** What `params: "practices"` means. */
export const PRACTICE_KIND = { apiVersion: API_VERSION, kind: KIND };
