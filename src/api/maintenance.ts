import { z } from "zod";
import { fields } from "./fields.ts";
import { type Rule, ruled } from "./rules.ts";

/** As `Intl` abbreviates them in English. */
export const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] as const;
export type Weekday = (typeof WEEKDAYS)[number];

const windowFields = fields({
  days: z.array(z.enum(WEEKDAYS)).min(1).max(7).describe("Days on which it begins."),
  from: z
    .string()
    .max(5)
    .regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/, { message: "must be a time of day such as 02:00" })
    .describe("When it begins, such as 02:00."),
  to: z
    .string()
    .max(5)
    .regex(/^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$/, { message: "must be a time of day such as 05:00, or 24:00" })
    .describe("When it ends, such as 05:00 or 24:00. Earlier than `from`: on the next day."),
});

const lasts: Rule<z.output<typeof windowFields>> = {
  cel: "self.from != self.to",
  holds: ({ from, to }) => from !== to,
  message: "The window ends when it begins. For the whole day give from: 00:00 and to: 24:00, in quotes.",
  field: ["to"],
};

export const maintenanceSchema = fields({
  windows: z
    .array(ruled(windowFields, [lasts]))
    .max(7)
    .optional()
    .describe("Each comes every week. None: a change waits for a quiet moment, however long that takes."),
  timeZone: z
    .string()
    .max(64)
    .regex(/^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/, { message: "must be a time zone such as Europe/Berlin" })
    .default("UTC")
    .describe("Time zone of the windows, by its IANA name."),
});
