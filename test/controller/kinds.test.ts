import { describe, expect, it } from "vitest";
import { cachedKinds } from "../../src/controller/kinds.ts";
import type { CacheEvent } from "../../src/runtime/cluster.ts";
import { type Resource, RESOURCES } from "../../src/runtime/resources.ts";
import { createStore } from "../../src/runtime/store.ts";

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
