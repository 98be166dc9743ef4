import { z } from "zod";
import { cidr, fields, hostOrAddress, labelName, labels, port, reference, storage } from "./fields.ts";
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
const peerSchema = ruled(peerFields, [exactlyOne(["cidrs", "namespace"]), labelsNeedNamespace]);

const external = fields({
  host: hostOrAddress().describe("Host name or address."),
  port: port().default(5432).describe("TCP port."),
  name: z
    .string()
    .max(63)
    .regex(/^[a-z_][a-z0-9_-]*$/, { message: "must be a database name in lower case" })
    .default("synapse")
    .describe("Name of the database. It needs the C collation."),
  secretRef: reference("A Secret with the keys `username` and `password`."),
  caSecretRef: reference("A Secret with the key `ca.crt`; the system's authorities when absent.").optional(),
  to: peerSchema.describe("Where the database is, because default deny needs to know it."),
});

const databaseSchema = ruled(
  fields({
    managed: fields({
      storage: storage().default("10Gi").describe("Size of its volume. It only grows."),
    })
      .optional()
      .describe("A PostgreSQL of the practice's own."),
    external: external.optional().describe("A PostgreSQL that others run, over verified TLS."),
  }),
  [exactlyOne(["managed", "external"])],
);

export const messagingSchema = fields({
  database: databaseSchema
    .prefault({ managed: {} })
    .describe("Where messages are kept. Its kind cannot be changed: the messages would stay behind."),
  media: fields({
    storage: storage().default("10Gi").describe("Size of its volume. It only grows."),
  })
    .prefault({})
    .describe("Where uploads are kept, encrypted by the clients."),
  retention: fields({
    days: z
      .int()
      .min(1)
      .max(36500)
      .describe("How many days messages are kept; a file, so many days after it was last opened."),
  })
    .optional()
    .describe(
      "Absent: messages are kept. Not removed by it: what is on people's own devices, the last message of each room, " +
        "the rooms' names and who was in them, and what backups hold. Whether records must be kept is yours to know.",
    ),
});
