import { join } from "node:path";
import { expect, it } from "vitest";
import { inNamespace } from "../stack/support/namespace.ts";
import { findStack } from "../stack/support/parts.ts";

const vitest = join(import.meta.dirname, "..", "..", "node_modules", "vitest", "vitest.mjs");

// Without a stack this fails: what did not run has not passed.
it("runs test/stack on the real web client, jicofo and bridge", { timeout: 3_600_000 }, async () => {
  const { folder } = await findStack();
  const command = [process.execPath, vitest, "run", "--project", "stack", "--reporter=verbose"];
  expect(await inNamespace(command, { JITSI_STACK: folder })).toBe(0);
});
