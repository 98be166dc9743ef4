import { z } from "zod";
import { certificatesSchema, exposureSchema } from "./edge.ts";
import { entrySchema } from "./entry.ts";
import { fields, hostName, httpsUrl, labelKey, labels, objectName, reference } from "./fields.ts";
import { API_VERSION, KIND } from "./group.ts";
import { maintenanceSchema } from "./maintenance.ts";
import { messagingSchema } from "./messaging.ts";
import { withoutNulls } from "./nulls.ts";
import type { ReasonName } from "./reasons.ts";
import { type Rule, ruled } from "./rules.ts";
import { SPEC_CHANGES, SPEC_RULES } from "./spec-rules.ts";
import { staffSchema } from "./staff.ts";
import { structural } from "./structural.ts";
import { videoSchema } from "./video.ts";

const hostsSchema = fields({
  entry: hostName().optional().describe("Where appointments begin; go.<domain> by default."),
  meet: hostName().optional().describe("Where calls are; meet.<domain> by default."),
  matrix: hostName()
    .optional()
    .describe("Where messages are; matrix.<domain> by default. Part of every account: fixed."),
  chat: hostName().optional().describe("Where staff read and write; chat.<domain> by default."),
});

const tolerationSchema = fields({
  key: labelKey().optional().describe("Taint key; every taint when absent, with operator Exists."),
  operator: z.enum(["Exists", "Equal"]).optional().describe("How the value is compared; Equal when absent."),
  value: z.string().max(63).optional().describe("Taint value."),
  effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]).optional().describe("Taint effect; all when absent."),
  tolerationSeconds: z.int().min(0).max(2147483647).optional().describe("How long NoExecute is tolerated."),
});

const specFields = fields({
  domain: hostName().describe("A neutral domain: it stands in public certificate logs and on patients' devices."),
  hosts: hostsSchema.optional().describe("The four hosts, where they are not the usual ones below the domain."),
  locale: z.enum(["de", "en"]).default("de").describe("Language of pages, consent and checklists."),
  legal: fields({
    imprintUrl: httpsUrl().optional().describe("Imprint, shown in the footer. The law in some countries."),
    privacyUrl: httpsUrl().optional().describe("Privacy notice, shown in the footer."),
  })
    .optional()
    .describe("Pages that the law may ask for."),
  size: z.enum(["solo", "group", "clinic"]).default("solo").describe("How much CPU and memory the practice asks for."),
  certificates: certificatesSchema
    .optional()
    .describe("One of the ways to certificates; the operator's default when absent."),
  exposure: exposureSchema.optional().describe("One of the ways in from outside; the operator's default when absent."),
  video: videoSchema.prefault({}).describe("Encrypted calls."),
  messaging: messagingSchema.prefault({}).describe("Encrypted messages among staff and with patients."),
  entry: entrySchema.prefault({}).describe("The page where patients and staff come in."),
  staff: staffSchema
    .optional()
    .describe(
      "A provider that says who is staff. Absent: staff has accounts with passwords, made by `telehealth user`.",
    ),
  maintenance: maintenanceSchema
    .prefault({})
    .describe("When a change of what carries calls may be rolled out although somebody is in one."),
  placement: fields({
    nodeSelector: labels(16).optional().describe("Labels of the nodes to run on."),
    tolerations: z.array(tolerationSchema).max(16).optional().describe("Taints to tolerate."),
    priorityClassName: objectName().optional().describe("PriorityClass of all pods."),
  })
    .optional()
    .describe("Where pods run."),
  imagePullSecrets: z
    .array(reference("A Secret of type kubernetes.io/dockerconfigjson in this namespace."))
    .max(8)
    .optional()
    .describe("For a registry that asks who you are. Names only; nothing is copied."),
  storageClassName: objectName()
    .optional()
    .describe("StorageClass of the volumes; the operator's default, then the cluster's. Fixed."),
  privacy: fields({
    acknowledgeRevealingDomain: z
      .boolean()
      .default(false)
      .describe("Go on although the host names tell what this is about. Reported as DomainNeutral=False."),
  })
    .prefault({})
    .describe("Deliberate exceptions."),
  deletionPolicy: z
    .enum(["Retain", "Delete"])
    .default("Retain")
    .describe("What a deletion of the practice does with volumes and the keys that belong to them."),
  suspend: z
    .boolean()
    .default(false)
    .describe("Hold back roll-outs, clean-up and upgrades. Walls, guards and their checks go on."),
});

export const specSchema = ruled(specFields, SPEC_RULES, SPEC_CHANGES);
export type PracticeSpec = z.output<typeof specSchema>;

/** 1 to 40 characters, because the names of children append to it. */
const PRACTICE_NAME = /^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/;

/** The schema of `spec` as the API server knows it. */
export const STRUCTURAL_SPEC = structural(specSchema);

interface Named {
  readonly metadata: { readonly name: string };
}

export const NAME_RULE: Rule<Named> = {
  cel: `self.metadata.name.matches('${PRACTICE_NAME.source}')`,
  holds: ({ metadata }) => PRACTICE_NAME.test(metadata.name),
  message: "The name begins with a letter and has at most 40 of a-z, 0-9 and '-', because other names append to it.",
};

const practiceSchema = ruled(
  z.strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal(KIND),
    metadata: z.looseObject({ name: z.string() }),
    spec: z.preprocess((spec) => withoutNulls(spec, STRUCTURAL_SPEC), specSchema),
    status: z.unknown().optional(),
  }),
  [{ ...NAME_RULE, field: ["metadata", "name"] }],
);

/** What is wrong with a practice: where, what, and what to do. */
export interface Issue {
  /** `spec.video.media.addresses[0].ip` */
  readonly path: string;
  readonly message: string;
  /** `UnknownValue`: a newer API may know it; it is never taken for a default. */
  readonly reason: Extract<ReasonName, "InvalidSpec" | "UnknownValue">;
}

export type Parsed =
  | { readonly ok: true; readonly spec: PracticeSpec }
  | { readonly ok: false; readonly issues: readonly Issue[] };

/** Judges a practice as the API server does, and fills in the API's own defaults. Never throws. */
export function parseSpec(resource: unknown): Parsed {
  const parsed = practiceSchema.safeParse(resource);
  if (parsed.success) return { ok: true, spec: parsed.data.spec };
  return { ok: false, issues: parsed.error.issues.flatMap(issuesOf) };
}

/** Judges a change of a practice, as the API server does on updates. Empty when it is allowed. */
export function judgeChange(from: PracticeSpec, to: PracticeSpec): readonly Issue[] {
  return SPEC_CHANGES.filter(({ allows }) => !allows(to, from)).map(({ field, message }) => ({
    path: pathOf(["spec", ...(field ?? [])]),
    message,
    reason: "InvalidSpec",
  }));
}

function issuesOf(issue: z.core.$ZodIssue): Issue[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      path: pathOf([...issue.path, key]),
      message: "is not a field of this API. Correct or remove it; `kubectl explain thp.spec` lists the fields.",
      reason: "UnknownValue",
    }));
  }
  const reason = issue.code === "invalid_value" ? "UnknownValue" : "InvalidSpec";
  return [{ path: pathOf(issue.path), message: issue.message, reason }];
}

function pathOf(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");
}
