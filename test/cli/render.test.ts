import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { describe, expect, it } from "vitest";
import type { Manifest } from "../../src/manifest.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const SOLO = fileURLToPath(new URL("../../examples/solo.yaml", import.meta.url));

async function telehealth(args: readonly string[], input = "") {
  const child = spawn(process.execPath, [MAIN, ...args]);
  child.stdin.end(input);
  const [output, messages, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once("close", resolve)),
  ]);
  return { output, messages, code };
}

/** The example with one piece of text in another way. */
async function solo(from: string, to: string): Promise<string> {
  const example = await readFile(SOLO, "utf8");
  if (!example.includes(from)) throw new Error(`examples/solo.yaml does not hold ${from}`);
  return example.replace(from, to);
}

describe("telehealth render", () => {
  it("prints every object of a practice and names what waits, without a cluster", async () => {
    const { output, messages, code } = await telehealth(["render", "-f", SOLO]);
    expect(code).toBe(0);
    const objects = parseAllDocuments(output).map((document) => document.toJS() as Manifest);
    const kinds = new Set(objects.map(({ kind }) => kind));
    for (const kind of ["NetworkPolicy", "StatefulSet", "Deployment", "Service", "Ingress", "Certificate"]) {
      expect(kinds, kind).toContain(kind);
    }
    expect(kinds).not.toContain("Secret");
    expect(messages).toContain("Not rendered yet: bridge.");
  });

  it("reads standard input, and takes what a cluster would tell from a file", async () => {
    const observed = fileURLToPath(new URL("observed.yaml", import.meta.url));
    const input = await readFile(SOLO, "utf8");
    const { output, messages, code } = await telehealth(["render", "-f", "-", "--observed", observed], input);
    expect({ code, messages }).toEqual({ code: 0, messages: "" });
    expect(output).toContain("greenriver-bridge");
    expect(output).toContain("203.0.113.7");
  });

  it.each([
    ["an unknown field", "domain:", "domian:", "spec.domian"],
    ["a wrong type", "domain: greenriver.example", "domain: [greenriver.example]", "spec.domain"],
    ["two ways in", "    ingress:", "    service: { type: ClusterIP }\n    ingress:", "spec.exposure"],
    ["a revealing domain", "domain: greenriver.example", "domain: psychotherapy.example", "acknowledgeRevealingDomain"],
    ["another video provider", "spec:\n", "spec:\n  video: { provider: nextcloudTalk }\n", "docs/video-provider.md"],
  ])("refuses %s with the path or the way out, exit code 2", async (_what, from, to, told) => {
    const { output, messages, code } = await telehealth(["render", "-f", "-"], await solo(from, to));
    expect({ code, output }).toEqual({ code: 2, output: "" });
    expect(messages).toContain(told);
  });

  it.each([
    [["render"], "-f FILE"],
    [["render", "-f", "there/is/no.yaml"], "there/is/no.yaml"],
    [["render", "--no-such-flag"], "telehealth help"],
    [["rendr"], 'no command "rendr"'],
  ])("says what to do about %j", async (args, told) => {
    const { messages, code } = await telehealth(args);
    expect(code).toBe(2);
    expect(messages).toContain(told);
  });
});
