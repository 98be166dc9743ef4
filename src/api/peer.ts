import { z } from "zod";
import { cidr, fields, labelName, labels } from "./fields.ts";
import { exactlyOne, type Rule, ruled } from "./rules.ts";

const peerFields = fields({
  cidrs: z.array(cidr()).min(1).max(16).optional().describe("Ranges of addresses. 0.0.0.0/0 is legal and reported."),
  namespace: labelName().optional().describe("A namespace of this cluster."),
  podLabels: labels(8).optional().describe("Labels of the pods there; all its pods when absent."),
});

const labelsNeedNamespace: Rule<z.output<typeof peerFields>> = {
  cel: "!has(self.podLabels) || has(self.namespace)",
  holds: ({ podLabels, namespace }) => podLabels === undefined || namespace !== undefined,
  message: "podLabels select in a namespace. Name it in `namespace`.",
  field: ["podLabels"],
};

/** Where an outside party is. Walls know addresses and pods, never host names. */
export const peerSchema = ruled(peerFields, [exactlyOne(["cidrs", "namespace"]), labelsNeedNamespace]);
export type PeerSpec = z.output<typeof peerSchema>;
