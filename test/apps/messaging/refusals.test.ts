import { expect, it } from "vitest";
import { someParams } from "../../support/practice.ts";
import { startMessaging } from "../support/messaging.ts";

// What Synapse itself says when it cannot start, word for word: an operator who reads its log reads this.

it("refuses a database that sorts otherwise than by bytes", async () => {
  const editDatabase = (_: string, text: string) => text.replace("--locale=C ", "--locale=C.UTF-8 ");
  const refused = startMessaging(someParams(), { editDatabase });
  await expect(refused).rejects.toThrow(/Synapse ended with 1: [^]*incorrect collation/);
});

it("ends when the database does not answer", async () => {
  const edit = (_: string, text: string) => text.replace(/"port": \d+,(\s+"dbname":)/, '"port": 9,$1');
  await expect(startMessaging(someParams(), { edit })).rejects.toThrow(
    /Synapse ended with 1: [^]*Is the server running/,
  );
});
