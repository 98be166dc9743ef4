import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ANNOTATION } from "../../src/api/group.ts";
import { PRACTICES } from "../../src/controller/kinds.ts";
import type { LiveObject } from "../../src/manifest.ts";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { waitFor } from "../bed/wait.ts";
import { bed } from "../support/bed.ts";
import { runOperator } from "../support/operator.ts";
import { handOn } from "../support/own-cluster.ts";
import { ALWAYS, quiet, writesOf } from "../support/practice-bed.ts";

const name = "greenriver";
const NEXT_RELEASE = { images: { jvb: "mirror.example/jvb:2" } };

/** Prosody is played here: nothing runs in the pods of this cluster. */
describe("a change of what carries calls", () => {
  const hand = handOn(bed.adminConnection);
  const call = { running: true, asked: 0 };
  const inUse = async () => {
    call.asked += 1;
    return call.running;
  };
  let namespace: string;
  let ref: { namespace: string; name: string };
  let operator: { stop: () => Promise<void> } | undefined;

  beforeAll(async () => {
    namespace = await hand.namespace();
    ref = { namespace, name };
  });
  afterEach(async () => {
    await operator?.stop();
    operator = undefined;
  });
  afterAll(() => hand.close());

  const start = (release = {}) => (operator = runOperator(bed.adminConnection, [namespace], { inUse, ...release }));
  // Fields that the server may write in another way than we do: that must not look like somebody else's change.
  const odd = {
    imagePullSecrets: [{ name: "pull" }],
    placement: {
      tolerations: [
        { key: "calls", operator: "Exists" },
        { effect: "NoSchedule", key: "a", value: "b" },
      ],
    },
  };
  const practice = (spec: object = {}) => hand.practice(namespace, { certificates: { external: {} }, ...odd, ...spec });
  const says = (type: string, reason: string) => hand.expectReason(namespace, type, reason, undefined, 60_000);
  const set = async (role: string) => {
    const found = await hand.get(RESOURCES.StatefulSet, { namespace, name: `${name}-${role}` });
    return found ?? expect.unreachable(`${role} is gone`);
  };
  const imageOf = (live: LiveObject) => specOf(live).template.spec.containers[0]?.image;
  const mapsOf = (live: LiveObject) =>
    specOf(live).template.spec.volumes.flatMap(({ configMap }) => (configMap ? [configMap.name] : []));
  const missingMaps = async () => {
    const there = await hand.names(RESOURCES.ConfigMap, namespace);
    const mounted = [...mapsOf(await set("bridge")), ...mapsOf(await set("signalling"))];
    expect(mounted.length).toBe(4);
    return mounted.filter((map) => !there.includes(map));
  };
  /** Has the operator look again, and waits until it has asked. */
  const looksAgain = async () => {
    const before = call.asked;
    await hand.patch(PRACTICES, ref, { metadata: { annotations: { look: `${Date.now()}` } } });
    await waitFor(() => call.asked > before, { what: "the operator to ask" });
  };

  it("does not wait when the practice is made, and nobody is asked", async () => {
    start();
    await practice();
    await hand.mediaAddress(namespace);
    const ready = await says("Ready", "Ready");
    expect(ready.status).toBe("True");
    expect(await says("EndToEndEncryptionEnforced", "Enforced")).toMatchObject({ status: "True" });
    await says("UpdatePending", "UpToDate");
    await quiet(namespace);
    expect(call.asked).toBe(0);
  });

  it("waits while a call runs when it comes with another operator, and two statuses say so: it is tried, and waits", async () => {
    const since = new Date();
    const before = await set("bridge");
    start(NEXT_RELEASE);
    expect(await says("UpdatePending", "WaitingForQuietMoment")).toMatchObject({ status: "True" });
    for (let i = 0; i < 3; i += 1) await looksAgain();
    await quiet(namespace);
    const status = `patch telehealthpractices/${name}`;
    const trial = expect.stringMatching(/^create jobs\/greenriver-trial-/) as string;
    expect((await writesOf(namespace, since)).toSorted()).toEqual([trial, status, status]);
    expect(imageOf(await set("bridge"))).toBe(imageOf(before));
    expect(await says("Ready", "Ready")).toMatchObject({ status: "True" });
    expect(await says("Reconciling", "Settled")).toMatchObject({ status: "False" });
    expect(await says("RecordingDisabled", "Verified")).toMatchObject({ status: "True" });
  });

  it("hides nothing that somebody adds to the workload meanwhile", async () => {
    start(NEXT_RELEASE);
    await looksAgain();
    const { template } = specOf(await set("bridge"));
    const { containers } = template.spec;
    // Of two pods one is always ready, so that the change still waits.
    const change = (...more: object[]) => ({
      spec: { replicas: 1 + more.length, template: { spec: { containers: [...containers, ...more] } } },
    });
    const bridge = { namespace, name: `${name}-bridge` };
    await hand.patch(RESOURCES.StatefulSet, bridge, change({ name: "ear", image: "mirror.example/recorder:1" }));
    expect(await says("RecordingDisabled", "PolicyViolated")).toMatchObject({ status: "False" });
    await hand.patch(RESOURCES.StatefulSet, bridge, change());
    await says("RecordingDisabled", "Verified");
  });

  it("hides nothing that somebody puts in the place of a file meanwhile", async () => {
    start(NEXT_RELEASE);
    await practice({ video: { maxParticipants: 4 } });
    await says("Reconciling", "WaitingForQuietMoment");
    const maps = mapsOf(await set("signalling")).map((map) => hand.get(RESOURCES.ConfigMap, { namespace, name: map }));
    const files = (map: LiveObject) => map["data"] as Readonly<Record<string, string>>;
    const rules = (await Promise.all(maps)).find((map) => map && "prosody.cfg.lua" in files(map));
    if (!rules) throw new Error("Prosody has no configuration.");
    const { labels = {}, annotations = {}, name: map } = rules.metadata;
    const put = async (text = "") => {
      await hand.remove(RESOURCES.ConfigMap, { namespace, name: map });
      const data = { ...files(rules), "prosody.cfg.lua": text };
      await hand.create(RESOURCES.ConfigMap, {
        ...rules,
        metadata: { namespace, name: map, labels, annotations },
        data,
      });
    };
    const whole = files(rules)["prosody.cfg.lua"];
    await put(whole?.replaceAll(`"practice_room"; `, ""));
    expect(await says("EndToEndEncryptionEnforced", "PolicyViolated")).toMatchObject({ status: "False" });
    await put(whole);
    await says("EndToEndEncryptionEnforced", "Enforced");
  });

  it("is told as reconciling when it is an edit of the manifest; what runs keeps its files, also without an operator", async () => {
    start(NEXT_RELEASE);
    await practice({ video: { maxParticipants: 4 } });
    expect(await says("Reconciling", "WaitingForQuietMoment")).toMatchObject({ status: "True" });
    expect(await says("Ready", "WaitingForQuietMoment")).toMatchObject({ status: "False" });
    await looksAgain();
    expect(await missingMaps()).toEqual([]);
    await operator?.stop();
    start(NEXT_RELEASE);
    await looksAgain();
    expect(await missingMaps()).toEqual([]);
    expect(await says("Reconciling", "WaitingForQuietMoment")).toMatchObject({ status: "True" });
  });

  it("goes through when the call is over", async () => {
    start(NEXT_RELEASE);
    await looksAgain();
    call.running = false;
    await looksAgain();
    await says("UpdatePending", "UpToDate");
    await says("Ready", "Ready");
    expect(imageOf(await set("bridge"))).toBe(NEXT_RELEASE.images.jvb);
    expect(await missingMaps()).toEqual([]);
    await quiet(namespace);
    const asked = call.asked;
    await hand.patch(PRACTICES, ref, { metadata: { annotations: { look: "once more" } } });
    await quiet(namespace);
    expect(call.asked).toBe(asked);
  });

  it("does not keep somebody else's change of the workload from being put back, whatever is noted on it", async () => {
    call.running = true;
    const before = await set("bridge");
    start();
    await looksAgain();
    expect(imageOf(await set("bridge"))).toBe(imageOf(before));
    const { template } = specOf(before);
    const noted = JSON.parse(before.metadata.annotations?.[ANNOTATION.template] ?? "") as typeof template;
    for (const pod of [noted, template]) pod.metadata.labels["app.kubernetes.io/name"] = "recorder";
    const metadata = { annotations: { [ANNOTATION.template]: JSON.stringify(noted) } };
    await hand.patch(RESOURCES.StatefulSet, { namespace, name: `${name}-bridge` }, { metadata, spec: { template } });
    await waitFor(async () => imageOf(await set("bridge")) !== imageOf(before), { what: "the repair" });
    const { labels } = specOf(await set("bridge")).template.metadata;
    expect(labels["app.kubernetes.io/name"]).toBe("bridge");
  });

  it("goes through in a maintenance window, call or not, and nobody is asked", async () => {
    call.running = true;
    start();
    await says("Ready", "Ready");
    const asked = call.asked;
    const before = mapsOf(await set("signalling"));
    await practice({ video: { maxParticipants: 5 }, maintenance: ALWAYS });
    await waitFor(async () => mapsOf(await set("signalling")).join() !== before.join(), { what: "the roll-out" });
    expect(call.asked).toBe(asked);
  });

  it("that changes no pod does not wait", async () => {
    const { generation } = (await hand.get(PRACTICES, ref))?.metadata ?? {};
    start();
    const asked = call.asked;
    await practice({ video: { maxParticipants: 5 }, messaging: { retention: { days: 30 } } });
    const seen = async () => ((await hand.status(namespace)).observedGeneration ?? 0) > (generation ?? 0);
    await waitFor(seen, { what: "the edit to be seen" });
    await says("UpdatePending", "UpToDate");
    expect(call.asked).toBe(asked);
  });
});

interface Spec {
  template: {
    metadata: { labels: Record<string, string> };
    spec: { containers: { image: string }[]; volumes: { configMap?: { name: string } }[] };
  };
}

const specOf = (live: LiveObject) => live["spec"] as Spec;
