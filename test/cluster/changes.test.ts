import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PRACTICES } from "../../src/controller/kinds.ts";
import type { LiveObject } from "../../src/manifest.ts";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { waitFor } from "../bed/wait.ts";
import { bed } from "../support/bed.ts";
import { type RunningOperator, startOperator } from "../support/operator.ts";
import { handOn } from "../support/own-cluster.ts";
import { ALWAYS } from "../support/practice-bed.ts";

const hand = handOn(bed.adminConnection);
const name = "greenriver";

/** One for each test: whichever is tried again begins with a practice of its own. */
const SECOND_TRIES = 3;

describe("a practice that changes while it runs", () => {
  const namespaces: string[] = [];
  let operator: RunningOperator;
  beforeAll(async () => {
    for (let i = 0; i < 3 + SECOND_TRIES; i += 1) namespaces.push(await hand.namespace());
    operator = await startOperator(bed.kubeconfig, { watchNamespaces: namespaces });
  });
  afterAll(async () => {
    await operator.stop();
    await hand.close();
  });

  async function started(): Promise<string> {
    const namespace = namespaces.pop();
    if (!namespace) throw new Error("Each test has a namespace of its own; there is none left.");
    await hand.practice(namespace, { maintenance: ALWAYS });
    await hand.mediaAddress(namespace);
    await hand.converged(namespace);
    return namespace;
  }

  it("a practice that is deleted and made anew at once comes back whole, three times in a row", async () => {
    const namespace = await started();
    const ref = { namespace, name };
    const walls = await hand.names(RESOURCES.NetworkPolicy, namespace);
    const port = async () => {
      const identity = await hand.get(RESOURCES.ConfigMap, { namespace, name: `${name}-identity` });
      return (identity?.["data"] as { mediaPort?: string } | undefined)?.mediaPort;
    };
    const known = await port();
    expect(known).toMatch(/^3\d{4}$/);
    for (let round = 0; round < 3; round += 1) {
      await hand.remove(PRACTICES, ref);
      await waitFor(async () => !(await hand.get(PRACTICES, ref)), { timeout: 60_000, interval: 5, what: "its end" });
      await hand.practice(namespace);
    }
    const practice = await hand.get(PRACTICES, ref);
    // A Service of the predecessor may still go, so the load balancer is asked again.
    const ready = async () => {
      await hand.mediaAddress(namespace);
      return (await hand.status(namespace)).components?.every((component) => component.ready);
    };
    await waitFor(ready, { timeout: 60_000, interval: 500, what: "every pod to be ready" });
    await hand.converged(namespace);
    for (const kind of [RESOURCES.StatefulSet, RESOURCES.Deployment, RESOURCES.Service, RESOURCES.Ingress]) {
      for (const { metadata } of await hand.list(kind, namespace)) {
        const owners = metadata.ownerReferences?.map(({ uid }) => uid);
        expect(owners, metadata.name).toEqual([practice?.metadata.uid]);
      }
    }
    expect(await hand.names(RESOURCES.NetworkPolicy, namespace)).toEqual(walls);
    // Firewalls know it.
    expect(await port()).toBe(known);
  });

  it("another size and another way in roll out, and what is superseded goes", async () => {
    const namespace = await started();
    const memory = async () => {
      const set = await hand.get(RESOURCES.StatefulSet, { namespace, name: `${name}-synapse` });
      return JSON.stringify(specOf(set)).match(/"memory":"(\w+)"/)?.[1];
    };
    const before = { memory: await memory(), maps: await hand.names(RESOURCES.ConfigMap, namespace) };
    await hand.practice(namespace, {
      maintenance: ALWAYS,
      size: "group",
      locale: "en",
      exposure: { ingress: { className: "nginx" } },
    });
    const rolled = async () => {
      const status = await hand.status(namespace);
      const live = await hand.get(PRACTICES, { namespace, name });
      return (await memory()) !== before.memory && status.observedGeneration === live?.metadata.generation;
    };
    await waitFor(rolled, { what: "the new size" });
    expect([before.memory, await memory()]).toEqual(["512Mi", "1Gi"]);
    const meet = await hand.get(RESOURCES.Ingress, { namespace, name: `${name}-meet` });
    expect(specOf(meet)["ingressClassName"]).toBe("nginx");
    // A configuration goes when no pod mounts it any more, so every one that is left is mounted.
    const unmounted = async () => {
      const text = JSON.stringify([
        await hand.list(RESOURCES.StatefulSet, namespace),
        await hand.list(RESOURCES.Deployment, namespace),
      ]);
      const maps = await hand.list(RESOURCES.ConfigMap, namespace);
      return maps.filter(({ metadata }) => metadata.labels && !text.includes(metadata.name)).map(mapName);
    };
    const mapName = ({ metadata }: LiveObject) => metadata.name;
    await waitFor(async () => (await unmounted()).join() === `${name}-identity`, {
      timeout: 60_000,
      what: "superseded configurations to go",
    }).catch(async (error: unknown) => expect(await unmounted(), String(error)).toEqual([`${name}-identity`]));
    const after = await hand.names(RESOURCES.ConfigMap, namespace);
    expect(after.filter((map) => !before.maps.includes(map)).length).toBeGreaterThan(0);
    await hand.converged(namespace);

    const elsewhere = { exposure: { service: {} }, certificates: { external: {} } };
    await hand.practice(namespace, { maintenance: ALWAYS, size: "group", ...elsewhere });
    await waitFor(async () => (await hand.names(RESOURCES.Ingress, namespace)).length === 0, {
      what: "the routes to go",
    });
    await waitFor(async () => !(await hand.names(RESOURCES.Certificate, namespace)).includes(`${name}-hosts`), {
      what: "the certificate of the hosts to go",
    });
    await hand.expectReason(namespace, "CertificatesReady", "External");
  });

  it("another media address is told to the bridge; a lost one leaves it running", async () => {
    const namespace = await started();
    const port = Number((await hand.status(namespace)).media?.addresses?.[0]?.port);
    const ofBridge = async () => {
      const maps = await hand.list(RESOURCES.ConfigMap, namespace);
      return maps.filter(({ metadata }) => metadata.name.startsWith(`${name}-jvb-`)).map((map) => JSON.stringify(map));
    };
    await hand.mediaAddress(namespace, "203.0.113.99");
    const known = async () => (await hand.status(namespace)).media?.addresses?.[0]?.ip === "203.0.113.99";
    await waitFor(known, { what: "the new address in the status" });
    await waitFor(async () => (await ofBridge()).length === 1, { timeout: 60_000, what: "one configuration" });
    expect((await ofBridge())[0]).toContain("203.0.113.99");
    expect((await ofBridge())[0]).not.toContain("203.0.113.7");
    const told = await hand.expectReason(namespace, "MediaAddressKnown", "Known");
    expect(told.message).toContain(`203.0.113.99:${port}-${port + 1}`);
    await hand.converged(namespace);

    // Firewalls know the port, so a Service that is lost comes back with it.
    const service = { namespace, name: `${name}-media` };
    const { uid: lost } = (await hand.get(RESOURCES.Service, service))?.metadata ?? {};
    await hand.remove(RESOURCES.Service, service);
    const back = await waitFor(
      async () => {
        const found = await hand.get(RESOURCES.Service, service);
        return found?.metadata.uid !== lost && found;
      },
      { what: "the media Service to be back" },
    );
    expect(specOf(back)["ports"]).toMatchObject([
      { port, nodePort: port, protocol: "UDP" },
      { port: port + 1, nodePort: port + 1, protocol: "UDP" },
    ]);
    await hand.mediaAddress(namespace, "203.0.113.99");
    await hand.converged(namespace);

    const bridge = { namespace, name: `${name}-bridge` };
    const uid = (await hand.get(RESOURCES.StatefulSet, bridge))?.metadata.uid;
    const ports = [{ port, protocol: "UDP", error: "PortInUse" }];
    const refused = { status: { loadBalancer: { ingress: [{ ip: "203.0.113.99", ports }] } } };
    await hand.patch(RESOURCES.Service, service, refused, "/status");
    const taken = await hand.expectReason(namespace, "MediaAddressKnown", "PortTaken");
    expect(taken.message).toContain(`greenriver-media does not open UDP port ${port}: PortInUse`);
    await hand.patch(RESOURCES.Service, service, { status: { loadBalancer: { ingress: null } } }, "/status");
    await hand.expectReason(namespace, "MediaAddressKnown", "AddressAwaited");
    expect((await hand.get(RESOURCES.StatefulSet, bridge))?.metadata.uid).toBe(uid);
    expect((await ofBridge()).length).toBe(1);
  });
});

const specOf = (object: LiveObject | undefined) => object?.["spec"] as Record<string, unknown>;
