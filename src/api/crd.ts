import { hash } from "node:crypto";
import type { Manifest } from "../manifest.ts";
import { ANNOTATION, GROUP, KIND, PLURAL, SHORT_NAME, VERSION } from "./group.ts";
import { NAME_RULE, STRUCTURAL_SPEC } from "./practice.ts";
import { statusSchema, UNOBSERVED } from "./status.ts";
import { structural, type StructuralSchema } from "./structural.ts";

/** The CustomResourceDefinition of a practice. The same bytes for the same API. */
export function crd(): Manifest {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: `${PLURAL}.${GROUP}`,
      annotations: { [ANNOTATION.schemaHash]: schemaHash() },
    },
    spec: {
      group: GROUP,
      scope: "Namespaced",
      names: {
        kind: KIND,
        listKind: `${KIND}List`,
        plural: PLURAL,
        singular: KIND.toLowerCase(),
        shortNames: [SHORT_NAME],
        categories: ["telehealth"],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: COLUMNS,
          schema: { openAPIV3Schema: practiceSchema() },
        },
      ],
    },
  };
}

const ready = (field: string) => `.status.conditions[?(@.type=='Ready')].${field}`;

const COLUMNS = [
  { name: "Ready", type: "string", jsonPath: ready("status") },
  { name: "Reason", type: "string", jsonPath: ready("reason") },
  { name: "Domain", type: "string", jsonPath: ".spec.domain" },
  { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
];

/** 16 hex digits over the schema. An operator compares it at start: an older definition would drop newer fields. */
export function schemaHash(): string {
  return hash("sha256", JSON.stringify(practiceSchema())).slice(0, 16);
}

function practiceSchema(): StructuralSchema {
  return {
    description: "A psychotherapy practice's own encrypted video and messaging.",
    type: "object",
    required: ["spec"],
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { type: "object", properties: { name: { type: "string" } } },
      spec: { description: "What the practice wants. What is enforced has no field.", ...STRUCTURAL_SPEC },
      status: {
        description: "How the practice is doing. Written by the operator.",
        ...structural(statusSchema),
        default: { observedGeneration: UNOBSERVED },
      },
    },
    "x-kubernetes-validations": [{ rule: NAME_RULE.cel, message: NAME_RULE.message, fieldPath: ".metadata.name" }],
  };
}
