import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { waitFor } from "../bed/wait.ts";
import { bed } from "../support/bed.ts";
import { type RunningOperator, startOperator } from "../support/operator.ts";
import { handOn } from "../support/own-cluster.ts";
import { ALWAYS, quiet } from "../support/practice-bed.ts";

const hand = handOn(bed.adminConnection);
let [namespace, external] = ["", ""];
let operator: RunningOperator;
beforeAll(async () => {
  [namespace, external] = [await hand.namespace(), await hand.namespace()];
  operator = await startOperator(bed.kubeconfig, { watchNamespaces: [namespace, external] });
  await hand.practice(namespace, { maintenance: ALWAYS });
  await hand.mediaAddress(namespace);
  await hand.converged(namespace);
});
afterAll(async () => {
  await operator?.stop();
  await hand.close();
});

const SECRET_WORDS = "psycopg2 for @anna:matrix.example with password hunter2";
const ends = (reason: string, message: string) => ({
  state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 5m0s restarting failed container" } },
  lastState: { terminated: { exitCode: reason === "OOMKilled" ? 137 : 1, reason, message } },
});
const waits = (reason: string, message = "") => ({ state: { waiting: { reason, message } } });

/** As the kubelet reports a pod: of which role, the state of its container, and whether it is ready. */
async function report(role: string, container: string, state: object, ready: boolean): Promise<void> {
  const status = {
    conditions: [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime: new Date().toISOString() }],
    containerStatuses: [{ name: container, image: "x", imageID: "", ready, restartCount: 3, ...state }],
  };
  await hand.patch(RESOURCES.Pod, { namespace, name: `greenriver-${role}-0` }, { status }, "/status");
}

describe("what keeps a pod from running", () => {
  it.each([
    ["DatabaseUnreachable", "synapse", ends("Error", `${SECRET_WORDS}: Connection refused`)],
    [
      "DatabaseRefused",
      "synapse",
      ends("Error", `${SECRET_WORDS}: FATAL:  password authentication failed for user "x"`),
    ],
    ["DatabaseOfAnotherServer", "synapse", ends("Error", `${SECRET_WORDS}: Found users in database not native to a!`)],
    ["VolumeFull", "postgres", ends("Error", `FATAL: could not write lock file: No space left on device`)],
    ["DatabaseOfAnotherVersion", "postgres", ends("Error", "FATAL:  database files are incompatible with server")],
    ["OutOfMemory", "synapse", ends("OOMKilled", "")],
    ["ImageMissing", "synapse", waits("ImagePullBackOff", SECRET_WORDS)],
    ["SecretIncomplete", "synapse", waits("CreateContainerConfigError", SECRET_WORDS)],
    ["ProgramFails", "synapse", ends("Error", SECRET_WORDS)],
  ])("%s of %s is a condition with the next step, in our own words, and heals", async (reason, role, state) => {
    await report(role, role, state, false);
    const { message, status } = await hand.expectReason(namespace, "ComponentsReady", reason);
    expect(status).toBe("False");
    expect(message).toMatch(new RegExp(`^greenriver-${role}-0, container ${role}: \\S.*\\.? \\S`));
    const { conditions = [], components = [], nextStep } = await hand.status(namespace);
    expect(components.find((component) => component.name === role)).toMatchObject({ ready: false, reason });
    expect(nextStep).not.toBe("");
    expect(JSON.stringify(conditions)).not.toMatch(/anna|hunter2|psycopg2/);
    await report(role, role, { state: { running: { startedAt: new Date().toISOString() } }, lastState: {} }, true);
    await hand.expectReason(namespace, "ComponentsReady", "AllReady");
  });

  it("says nothing of it for two failures, nor of a homeserver that waits for its own database", async () => {
    const refused = ends("Error", "Connection refused");
    await report("postgres", "postgres", waits("ContainerCreating"), false);
    await report("synapse", "synapse", refused, false);
    await quiet(namespace);
    const starting = await hand.expectReason(namespace, "ComponentsReady", "ComponentsStarting");
    expect(starting.message).toContain("greenriver-synapse has 0 of 1 pods ready");
    const running = { state: { running: { startedAt: new Date().toISOString() } }, lastState: {} };
    await report("postgres", "postgres", running, true);
    await hand.expectReason(namespace, "ComponentsReady", "DatabaseUnreachable");
    await report("synapse", "synapse", { ...refused, restartCount: 1 }, false);
    await hand.expectReason(namespace, "ComponentsReady", "ComponentsStarting");
    await report("synapse", "synapse", running, true);
    await hand.expectReason(namespace, "ComponentsReady", "AllReady");
  });
});

describe("a Secret that the manifest names", () => {
  it("is found incomplete before anything starts, each missing key by name, and it goes on by itself", async () => {
    const database = { external: { host: "db.example", secretRef: { name: "db" }, to: { cidrs: ["192.0.2.0/24"] } } };
    await hand.practice(external, { messaging: { database } });
    const none = await hand.expectReason(external, "ComponentsReady", "SecretIncomplete");
    expect(none.message).toContain("the Secret db: it lacks username and password.");
    expect(await hand.names(RESOURCES.StatefulSet, external)).not.toContain("greenriver-synapse");
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "db", namespace: external } };
    await hand.create(RESOURCES.Secret, { ...secret, stringData: { username: "chat", password: "" } });
    await waitFor(
      async () =>
        (await hand.expectReason(external, "ComponentsReady", "SecretIncomplete")).message.includes("lacks password."),
      { what: "the key that is left" },
    );
    await hand.patch(RESOURCES.Secret, { namespace: external, name: "db" }, { stringData: { password: "x" } });
    await waitFor(async () => (await hand.names(RESOURCES.StatefulSet, external)).includes("greenriver-synapse"), {
      what: "Synapse",
    });

    // Taken away again: what runs goes on.
    const before = await hand.get(RESOURCES.StatefulSet, { namespace: external, name: "greenriver-synapse" });
    await hand.patch(RESOURCES.Secret, { namespace: external, name: "db" }, { data: { password: null } });
    await hand.practice(external, { messaging: { database }, locale: "en" });
    await hand.expectReason(external, "ComponentsReady", "SecretIncomplete");
    await quiet(external);
    const after = await hand.get(RESOURCES.StatefulSet, { namespace: external, name: "greenriver-synapse" });
    expect(after?.metadata.uid).toBe(before?.metadata.uid);
    expect(after?.["spec"]).toEqual(before?.["spec"]);
  });
});
