import { describe, expect, it } from "vitest";
import { loadAssets } from "../../src/assets.ts";
import type { PracticeResource } from "../../src/controller/context.ts";
import { cachedKinds } from "../../src/controller/kinds.ts";
import { bornMetadata } from "../../src/controller/ownership.ts";
import type { Manifest } from "../../src/manifest.ts";
import { render } from "../../src/render/render.ts";
import type { CacheEvent } from "../../src/runtime/cluster.ts";
import { type Resource, RESOURCES } from "../../src/runtime/resources.ts";
import { createStore } from "../../src/runtime/store.ts";
import { everythingObserved, somePractice } from "../support/practice.ts";

// What happens all the time in a cluster and concerns no practice: each of these would have all of them looked at.
describe("no practice is looked at", () => {
  it("because a node is alive, or was given a label", () => {
    const node = (heartbeat: string, labels = {}, address = "192.0.2.1") => ({
      metadata: { labels, annotations: { heartbeat } },
      status: {
        addresses: [{ type: "InternalIP", address }],
        conditions: [{ type: "Ready", lastHeartbeatTime: heartbeat }],
        images: [{ names: [heartbeat] }],
      },
    });
    expect(heard(RESOURCES.Node, [node("1"), node("2"), node("3", { zone: "a" })])).toEqual(["added"]);
    expect(heard(RESOURCES.Node, [node("1"), node("1", {}, "192.0.2.2")])).toEqual(["added", "modified"]);
  });

  it("because an agent wrote down that it knows a policy", () => {
    const policy = (nodes: object, egress: object[] = []) => ({ spec: { egress }, status: { nodes } });
    for (const kind of [RESOURCES.CiliumClusterwideNetworkPolicy, RESOURCES.GlobalNetworkPolicy]) {
      expect(heard(kind, [policy({}), policy({ a: { ok: true } })])).toEqual(["added"]);
      expect(heard(kind, [policy({}), policy({}, [{}])])).toEqual(["added", "modified"]);
    }
  });

  it("because a pod became ready; its end is told", () => {
    const pod = (phase: string, ready: string) => ({
      spec: { containers: [{ name: "main", image: "image" }] },
      status: { phase, conditions: [{ type: "Ready", status: ready }] },
    });
    expect(heard(RESOURCES.Pod, [pod("Running", "False"), pod("Running", "True")])).toEqual(["added"]);
    expect(heard(RESOURCES.Pod, [pod("Running", "True"), pod("Failed", "True")])).toEqual(["added", "modified"]);
  });
});

// What others must know of a practice is in its identity; all else waits until somebody looks at the practice.
it("a start leaves out every file that is rendered, and no identity", () => {
  const label = cachedKinds({ nodes: false }).find(({ resource }) => resource === RESOURCES.ConfigMap)?.contentsLater;
  const { manifests } = render({ practice: somePractice(), observed: everythingObserved(), assets: loadAssets() });
  const files = manifests.filter(({ kind }) => kind === "ConfigMap");
  expect(files.length).toBeGreaterThan(5);
  const isLeftOut = ({ metadata: { labels = {} } }: Manifest) => label !== undefined && label in labels;
  expect(files.filter((map) => !isLeftOut(map))).toEqual([]);
  const resource = { metadata: { namespace: "green", name: "greenriver", uid: "1" } } as PracticeResource;
  const metadata = bornMetadata(resource, "greenriver-identity", false);
  expect(isLeftOut({ apiVersion: "v1", kind: "ConfigMap", metadata })).toBe(false);
});

/** What is told of one object, version after version, as it is kept. */
function heard(
  resource: Resource,
  versions: readonly { readonly metadata?: object; readonly [field: string]: unknown }[],
): CacheEvent["type"][] {
  const kind = cachedKinds({ nodes: true }).find((kind) => kind.resource === resource);
  if (!kind?.project) throw new Error(`${resource.kind} is kept whole.`);
  const events: CacheEvent["type"][] = [];
  const store = createStore(kind, ({ type }) => void events.push(type));
  for (const [index, { metadata, ...content }] of versions.entries()) {
    const { group, version, kind: name } = resource;
    const common = { name: "one", uid: "uid", resourceVersion: String(index + 1), creationTimestamp: "" };
    const apiVersion = group ? `${group}/${version}` : version;
    store.put(kind.project({ apiVersion, kind: name, metadata: { ...metadata, ...common }, ...content }));
  }
  return events;
}
