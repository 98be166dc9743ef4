import { describe, expect, it } from "vitest";
import { REASONS } from "../../src/api/reasons.ts";
import { troublesOf } from "../../src/controller/troubles.ts";

const ended = (message: string, exitCode = 1, reason = "Error") => ({ terminated: { exitCode, reason, message } });
const synapse = (more: object) => ({
  containerStatuses: [{ name: "synapse", ready: false, restartCount: 2, ...more }],
});
const reasonOf = (more: object, once = false) => troublesOf(synapse(more), once)[0]?.reason;

describe("what keeps a container from running", () => {
  it.each([
    ["DatabaseUnreachable", 'connection to server at "db" (10.0.0.1), port 5432 failed: Connection timed out'],
    ["DatabaseUnreachable", "server closed the connection unexpectedly"],
    ["DatabaseRefused", 'FATAL:  role "chat" does not exist'],
    ["DatabaseRefused", "permission denied for schema public"],
    ["DatabaseUntrusted", "SSL error: certificate verify failed"],
    ["DatabaseUntrusted", 'server certificate for "a" does not match host name "b"'],
    ["DatabaseUnsuitable", "Database has incorrect ctype of 'de_DE.UTF-8'. Should be 'C'"],
    ["VolumeFull", 'PANIC:  could not write to file "pg_wal/xlogtemp.1": No space left on device'],
    // The first address does not answer, the second one refuses: the second one is the database.
    [
      "DatabaseRefused",
      "(::1), port 5432 failed: Connection refused\n(10.0.0.1) failed: FATAL:  no pg_hba.conf entry for host",
    ],
    ["ProgramFails", "words that nobody has heard before"],
    ["ProgramFails", ""],
  ])("%s: %s", (reason, words) => {
    expect(reasonOf({ lastState: ended(words) })).toBe(reason);
  });

  it("is said after the third failure, and of what is never started again after the first", () => {
    const failed = { lastState: ended("Connection refused") };
    expect(reasonOf({ ...failed, restartCount: 1 })).toBeUndefined();
    expect(reasonOf({ state: ended("Connection refused"), restartCount: 0 }, true)).toBe("DatabaseUnreachable");
  });

  it("is nothing once it serves, or ended well", () => {
    expect(reasonOf({ ready: true, restartCount: 9, lastState: ended("Connection refused") })).toBeUndefined();
    expect(reasonOf({ state: ended("", 0, "Completed") })).toBeUndefined();
  });

  it("stays while it is started once more", () => {
    expect(reasonOf({ state: { running: {} }, lastState: ended("Connection refused") })).toBe("DatabaseUnreachable");
  });

  it("names the setting that a check names, and nothing else of what it says", () => {
    const said = `("Failed to parse config for module 'a'", ('modules', '<item 0>', 'config'))\n`;
    expect(troublesOf(synapse({ state: ended(said) }), true)).toEqual([
      { container: "synapse", reason: "ProgramFails", setting: "modules.<item 0>.config" },
    ]);
    const strange = `x, ('@anna:matrix.example', 'hunter2!'))`;
    expect(troublesOf(synapse({ state: ended(strange) }), true)).toEqual([
      { container: "synapse", reason: "ProgramFails" },
    ]);
  });

  it("comes from init containers as well", () => {
    const status = {
      initContainerStatuses: [{ name: "make-database", restartCount: 2, lastState: ended("No space left on device") }],
    };
    expect(troublesOf(status, false)).toEqual([{ container: "make-database", reason: "VolumeFull" }]);
  });
});

describe("a pod that finds no place", () => {
  const homeless = (message: string) =>
    troublesOf({ conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }] }, false);

  it.each([
    ["Unschedulable", "0/3 nodes are available: 3 Insufficient memory."],
    ["VolumeUnbound", "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims."],
    ["VolumeUnbound", "0/1 nodes are available: 1 node(s) didn't find available persistent volumes to bind."],
    ["VolumeUnbound", "0/2 nodes are available: 2 node(s) had volume node affinity conflict."],
  ])("%s: %s", (reason, message) => {
    expect(homeless(message)).toEqual([{ reason }]);
  });
});

it("every reason has a sentence and a next step", () => {
  const told = [
    "ImageMissing",
    "Unschedulable",
    "VolumeUnbound",
    "VolumeFull",
    "OutOfMemory",
    "SecretIncomplete",
  ] as const;
  for (const reason of told)
    expect(`${REASONS[reason].meaning} ${REASONS[reason].nextStep}`).toMatch(/^[A-Z].+\. [A-Z].+\.$/);
});
