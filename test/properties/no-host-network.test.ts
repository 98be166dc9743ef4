import { describe, expect, it } from "vitest";
import { RENDERED } from "../support/rendered.ts";

describe("nothing of a practice touches the node", () => {
  it.each(RENDERED)("%s", (_, { manifests }) => {
    expect(JSON.stringify(manifests)).not.toMatch(/"(hostNetwork|hostPort|hostPID|hostIPC|hostPath|externalIPs)"/);
  });
});
