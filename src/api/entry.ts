import { z } from "zod";
import { fields } from "./fields.ts";

/** What can be decided about the page where patients and staff come in. */
export const entrySchema = fields({
  consent: fields({
    store: fields({
      retentionDays: z.int().min(1).max(36500).describe("How many days each receipt is kept. Patients are told."),
    })
      .optional()
      .describe(
        "Keep the receipts of patients who agreed, encrypted, to be read with the link of the appointment. Absent: " +
          "none is kept, and what was kept is deleted.",
      ),
  })
    .prefault({})
    .describe("The text that patients agree to before a call."),
});
