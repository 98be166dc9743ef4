import { z } from "zod";
import { type DeepReadonly, fields } from "./fields.ts";
import { CONDITION_TYPES } from "./reasons.ts";

/** What the operator tells about a practice. Never anything about a call, a person or a room. */

const text = (max: number) => z.string().max(max);

/** A condition as Kubernetes' API conventions describe it (`metav1.Condition`). */
const conditionSchema = fields({
  type: text(316).describe(`One of ${CONDITION_TYPES.join(", ")}.`),
  status: z.enum(["True", "False", "Unknown"]).describe("Whether it holds."),
  reason: text(1024).describe("Constant for programs; docs/reference/conditions.md lists them."),
  message: text(32768).describe("A sentence for the practice's admin, with the next step."),
  observedGeneration: z.int().min(0).max(Number.MAX_SAFE_INTEGER).describe("Generation of the spec that was judged."),
  lastTransitionTime: z.string().max(64).meta({ format: "date-time" }).describe("When its status last changed."),
});

const recordSchema = fields({
  name: text(253).describe("Host name."),
  type: z.enum(["A", "AAAA", "CNAME"]).describe("Record type."),
  value: text(253).describe("What it points to."),
});

const mediaAddressSchema = fields({
  ip: text(45).describe("Address that clients send media to."),
  port: z.int().min(1).max(65535).describe("UDP port there."),
  stunPort: z.int().min(1).max(65535).optional().describe("UDP port there at which devices try the way beforehand."),
});

const componentSchema = fields({
  name: text(63).describe("Which of the practice's pods."),
  ready: z.boolean().describe("Whether it serves."),
  reason: text(1024).describe("Why, in one word."),
  applied: text(64).optional().describe("Digest of its pod template as it was applied; where calls are spared."),
});

/**
 * What the API server says of a practice that no operator has looked at yet. Without it kstatus takes one without a status
 * for finished (cli-utils, pkg/kstatus/status/generic.go: checkGeneration passes what has no observedGeneration).
 */
export const UNOBSERVED = -1;

/** How long what was seen on a network is believed. */
export const PROBE_HOLDS_DAYS = 7;

const ways = z.array(text(160)).max(32).meta({ "x-kubernetes-list-type": "atomic" }).optional();

const probeSchema = fields({
  at: z.string().max(64).meta({ format: "date-time" }).describe("When it began."),
  answered: z.boolean().describe("Whether it came to an end."),
  triedInVain: z
    .string()
    .max(64)
    .meta({ format: "date-time" })
    .optional()
    .describe("When a later try began that came to no end; what was found before it still counts."),
  tried: z.int().min(0).max(4096).describe("How many ways were tried, open and closed ones."),
  open: ways.describe("Ways that the network leaves open although no policy does."),
  shut: ways.describe("Ways that policies leave open and the network does not."),
  late: ways.describe("Ways that were open for a moment, while a pod had just begun."),
});

export const statusSchema = fields({
  observedGeneration: z
    .int()
    .min(UNOBSERVED)
    .max(Number.MAX_SAFE_INTEGER)
    .optional()
    .describe("Generation of the spec that this status is about; -1 before the operator has looked at it."),
  operatorVersion: text(64).optional().describe("Version of the operator that wrote it."),
  conditions: z
    .array(conditionSchema)
    .max(32)
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] })
    .optional()
    .describe("How the practice is doing."),
  urls: fields({
    entry: text(300).optional().describe("Where appointments begin."),
    meet: text(300).optional().describe("Where calls are."),
    matrix: text(300).optional().describe("Where messages are."),
    chat: text(300).optional().describe("Where staff read and write."),
  })
    .optional()
    .describe("The four addresses."),
  serverName: text(255).optional().describe("What every account ends with. Never changes."),
  dns: z
    .array(recordSchema)
    .max(32)
    .meta({ "x-kubernetes-list-type": "atomic" })
    .optional()
    .describe("DNS records to create."),
  media: fields({
    addresses: z
      .array(mediaAddressSchema)
      .max(32)
      .meta({ "x-kubernetes-list-type": "atomic" })
      .optional()
      .describe("Where clients send media."),
    protocol: z.enum(["UDP"]).optional().describe("Always UDP."),
  })
    .optional()
    .describe("The line for the firewall."),
  components: z
    .array(componentSchema)
    .max(16)
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
    .optional()
    .describe("The practice's pods, by role."),
  probe: probeSchema.optional().describe("What the last try of the walls found on this cluster's network."),
  nextStep: text(1024).optional().describe("The one thing to do next; empty when there is none."),
});

export type ProbeResult = DeepReadonly<z.output<typeof probeSchema>>;
export type Condition = DeepReadonly<z.output<typeof conditionSchema>>;

/** The status as the operator writes it: always complete in what every reconcile knows. */
export type PracticeStatus = DeepReadonly<
  z.output<typeof statusSchema> & Required<Pick<z.output<typeof statusSchema>, "observedGeneration" | "conditions">>
> & { readonly conditions: readonly Condition[] };
