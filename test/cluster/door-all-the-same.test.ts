import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, type TestContext } from "vitest";
import { REPAIR_SECONDS } from "../../src/controller/door.ts";
import { PRACTICES } from "../../src/controller/kinds.ts";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { waitFor } from "../bed/wait.ts";
import { type Disturbed, disturbed } from "../support/disturbed.ts";

/** A practice that is open, and then cannot or may not be brought to what its manifest says. */
async function heldUp(
  { onTestFinished }: Pick<TestContext, "onTestFinished">,
  by: (made: Disturbed) => Promise<void>,
): Promise<Disturbed & { readonly routes: () => Promise<number> }> {
  const made = await disturbed();
  onTestFinished(made.end);
  await made.practice();
  await made.converged();
  await by(made);
  return { ...made, routes: async () => (await made.hand.list(RESOURCES.Ingress, made.namespace)).length };
}

const suspended = async ({ practice, hand, namespace }: Disturbed) => {
  await practice({ suspend: true });
  await hand.expectReason(namespace, "Suspended", "Suspended");
};

const withoutKey = async ({ hand, namespace }: Disturbed) => {
  await hand.remove(RESOURCES.Secret, { namespace, name: "greenriver-synapse-1" });
  await hand.expectReason(namespace, "Stalled", "SecretLost");
};

const misfit = async ({ practice, hand, namespace }: Disturbed) => {
  const annotations = { "nginx.ingress.kubernetes.io/configuration-snippet": "return 204;" };
  await practice({ exposure: { ingress: { className: "nginx", annotations } } });
  await hand.expectReason(namespace, "Stalled", "InvalidSpec");
};

/** Somebody opens the walls, and is not stopped for as long as repair may take. */
async function hole({ hand, namespace, clock }: Disturbed) {
  const ref = { namespace, name: "hole" };
  await hand.create(RESOURCES.NetworkPolicy, {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: ref,
    spec: { podSelector: {}, ingress: [{}], policyTypes: ["Ingress"] },
  });
  await hand.expectReason(namespace, "NetworkIsolated", "ForeignPolicy");
  clock.jump(REPAIR_SECONDS * 1000);
  await hand.patch(RESOURCES.NetworkPolicy, ref, { metadata: { labels: { word: "again" } } });
  return { remove: () => hand.remove(RESOURCES.NetworkPolicy, ref) };
}

describe.concurrent("a door closes and opens all the same", () => {
  it("while the practice is suspended", async (test) => {
    const made = await heldUp(test, suspended);
    const { routes, hand, namespace } = made;
    const { remove } = await hole(made);
    await waitFor(async () => (await routes()) === 0, { timeout: 15_000, what: "the routes to be withdrawn" });
    await hand.expectReason(namespace, "ComponentsReady", "DoorClosed");
    await remove();
    await waitFor(async () => (await routes()) === 4, { what: "the routes to be back" });
    await hand.expectReason(namespace, "ComponentsReady", "AllReady");
  });

  it("while the practice has lost what it cannot do without; it opens when that is back", async (test) => {
    const made = await heldUp(test, withoutKey);
    const { routes, hand, namespace } = made;
    expect(await routes()).toBe(4);
    const { remove } = await hole(made);
    await waitFor(async () => (await routes()) === 0, { timeout: 15_000, what: "the routes to be withdrawn" });
    await hand.expectReason(namespace, "ComponentsReady", "DoorClosed");
    await hand.expectReason(namespace, "Stalled", "SecretLost");
    await remove();
    await hand.expectReason(namespace, "NetworkIsolated", "NotProbed");
    expect(await routes()).toBe(0);
  });

  it("while the manifest asks for what the operator does not allow", async (test) => {
    const made = await heldUp(test, misfit);
    const { routes, hand, namespace, practice } = made;
    expect(await routes()).toBe(4);
    const { remove } = await hole(made);
    await waitFor(async () => (await routes()) === 0, { timeout: 15_000, what: "the routes to be withdrawn" });
    await hand.expectReason(namespace, "Stalled", "InvalidSpec");
    await remove();
    await practice({});
    await waitFor(async () => (await routes()) === 4, { what: "the routes to be back" });
  });

  it("but not because an edit cannot be applied", async (test) => {
    const made = await heldUp(test, async ({ practice, hand, namespace }) => {
      const { spec } = await hand.create(RESOURCES.Service, {
        apiVersion: "v1",
        kind: "Service",
        metadata: { namespace: "default", name: `${namespace}-somebody` },
        spec: { type: "NodePort", ports: [{ port: 9, protocol: "UDP" }] },
      });
      const [{ nodePort }] = (spec as { ports: [{ nodePort: number }] }).ports;
      await practice({ video: { media: { service: "NodePort", port: nodePort } } });
      await hand.expectReason(namespace, "Stalled", "InvalidSpec");
    });
    const { routes, clock, hand, namespace } = made;
    clock.jump(REPAIR_SECONDS * 1000);
    await hand.patch(PRACTICES, { namespace, name: "greenriver" }, { metadata: { labels: { word: "again" } } });
    await sleep(2000);
    expect(await routes()).toBe(4);
  });
});
