import { LABEL } from "../../api/group.ts";
import { type AdmissionPolicy, on, SEE } from "./policy.ts";
import { FROM_ELSEWHERE, notCertManagerOnItsOwn, notCleaners, notExempt, notOperator, notTheCluster } from "./users.ts";

/** Nobody is let into a running pod. A port-forward stays open: `telehealth user` and `backup` come that way. */
export const entering: AdmissionPolicy = {
  name: "entering",
  refuses: "`exec`, `attach`, ephemeral containers, and the API server as a proxy to pods and Services",
  exempt: [],
  holds: "practices",
  spec: {
    matchConstraints: {
      resourceRules: [
        ...on(["CONNECT"], { "": ["pods/exec", "pods/attach", "pods/proxy", "services/proxy"] }),
        ...on(["UPDATE"], { "": ["pods/ephemeralcontainers"] }),
      ],
    },
    matchConditions: [notExempt],
    validations: [
      {
        expression: "false",
        messageExpression: `'Nobody enters the pods of a practice (' + request.resource.resource + '/' + request.subResource + '). ${SEE}'`,
        reason: "Forbidden",
      },
    ],
  },
};

/** Kinds of network plugins that open walls like a NetworkPolicy does; a group that is not there does no harm. */
const WALLS = {
  "networking.k8s.io": ["networkpolicies"],
  "cilium.io": ["ciliumnetworkpolicies"],
  "crd.projectcalico.org": ["networkpolicies"],
  "projectcalico.org": ["networkpolicies"],
};

export const walls: AdmissionPolicy = {
  name: "walls",
  refuses: "to make, change or delete a NetworkPolicy, or one of Cilium's or Calico's",
  exempt: ["the operator", "the garbage collector and the namespace controller"],
  holds: "practices",
  spec: {
    matchConstraints: { resourceRules: on(["CREATE", "UPDATE", "DELETE"], WALLS) },
    matchConditions: [notExempt, notOperator, notCleaners],
    validations: [
      {
        expression: "false",
        message: `The walls of a practice are the operator's: nobody else makes, changes or deletes a network policy here. ${SEE}`,
        reason: "Forbidden",
      },
    ],
  },
};

/** A request for the object itself has no field for a subresource. */
const IS_SCALE = "has(request.subResource) && request.subResource == 'scale'";

/** Others write to these as well: a load balancer notes where it is, a volume where it lies. */
const SHARED = ["gateways", "httproutes", "ingresses", "listenersets", "persistentvolumeclaims", "services"];

const CONFIGURATION = {
  "": ["configmaps", "persistentvolumeclaims", "secrets", "serviceaccounts", "services"],
  apps: ["deployments", "statefulsets"],
  batch: ["cronjobs", "jobs"],
  "cert-manager.io": ["certificates", "issuers"],
  "gateway.networking.k8s.io": ["gateways", "httproutes", "listenersets"],
  "networking.k8s.io": ["ingresses"],
};

export const configuration: AdmissionPolicy = {
  name: "configuration",
  refuses:
    "to make, change, scale or delete what carries the label `practice-uid`: everything that a living practice consists of",
  exempt: [
    "the operator",
    "cert-manager, on Secrets, Certificates and Issuers",
    "the cluster's own programs (service accounts of `kube-system`, scheduler, controller-manager)",
    "service accounts of other namespaces, for annotations and finalizers of Services, routes and claims",
  ],
  holds: "practices",
  spec: {
    matchConstraints: {
      resourceRules: [
        ...on(["CREATE", "UPDATE", "DELETE"], CONFIGURATION),
        ...on(["UPDATE"], { apps: ["deployments/scale", "statefulsets/scale"] }),
      ],
    },
    matchConditions: [
      {
        name: "of-a-living-practice",
        expression:
          `(${IS_SCALE}) || [dyn(object), dyn(oldObject)].exists(o, ` +
          `o != null && has(o.metadata.labels) && '${LABEL.practiceUid}' in o.metadata.labels)`,
      },
      notExempt,
      notOperator,
      notTheCluster,
      notCertManagerOnItsOwn,
    ],
    validations: [
      {
        expression:
          `request.operation == 'UPDATE' && !(${IS_SCALE}) && ${FROM_ELSEWHERE} && ` +
          `request.resource.resource in [${SHARED.map((name) => `'${name}'`).join(", ")}] && ` +
          "dyn(object).spec == dyn(oldObject).spec && dyn(object).metadata.labels == dyn(oldObject).metadata.labels",
        message: `This is part of a practice, and the operator's to change. Change the TelehealthPractice instead. ${SEE}`,
        reason: "Forbidden",
      },
    ],
  },
};
