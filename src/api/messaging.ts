import { z } from "zod";
import { fields, hostOrAddress, port, reference, storage } from "./fields.ts";
import { peerSchema } from "./peer.ts";
import { exactlyOne, ruled } from "./rules.ts";

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
