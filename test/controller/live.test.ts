import { expect, it } from "vitest";
import { LABEL } from "../../src/api/group.ts";
import { loadAssets } from "../../src/assets.ts";
import type { Context } from "../../src/controller/context.ts";
import { judge } from "../../src/controller/live.ts";
import type { LiveObject, Manifest } from "../../src/manifest.ts";
import type { Practice } from "../../src/practice/practice.ts";
import { render } from "../../src/render/render.ts";
import type { Resource } from "../../src/runtime/resources.ts";
import { everythingObserved, somePractice } from "../support/practice.ts";

const assets = loadAssets();
const practice = somePractice({ uid: "uid-1" });
const rendering = rendered(practice);

function rendered(of: Practice) {
  return render({ practice: of, observed: everythingObserved(), assets });
}

/** What is found when these are live. */
function found(live: readonly LiveObject[], of = practice, from = rendering) {
  const list = (resource: Resource) => live.filter(({ kind }) => kind === resource.kind);
  const context = { cache: { list }, assets } as unknown as Context;
  return judge(context, of, from, () => false);
}

function alive(object: Manifest, resourceVersion = "1", uid = `${object.kind}/${object.metadata.name}`): LiveObject {
  return { ...object, metadata: { ...object.metadata, uid, resourceVersion, creationTimestamp: "" } };
}

const live = rendering.manifests.map((object) => alive(object));
const metadata = { name: "x", namespace: "greenriver" };

it("judges what is live once", () => {
  const first = found(live);
  expect(first).toEqual([]);
  expect(found(live.map((object) => ({ ...object })))).toBe(first);
});

const isWall = ({ metadata }: Manifest) => metadata.name === practice.names.defaultDeny;
const opened = (object: Manifest, version: string, uid?: string) =>
  alive({ ...object, spec: { podSelector: {} } }, version, uid);
const policy = { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", spec: { podSelector: {}, ingress: [{}] } };
const pod = { apiVersion: "v1", kind: "Pod", spec: { containers: [{ name: "a", image: "registry.example/a" }] } };

it.each<[string, readonly LiveObject[]]>([
  ["came", [...live, alive({ ...policy, metadata })]],
  ["came last", [...live, alive({ ...pod, metadata: { ...metadata, labels: { [LABEL.role]: "synapse" } } })]],
  ["went", live.filter((object) => !isWall(object))],
  ["has changed", live.map((object) => (isWall(object) ? opened(object, "2") : object))],
  ["is another of the same version", live.map((object) => (isWall(object) ? opened(object, "1", "x") : object))],
])("judges anew when an object %s", (_, then) => {
  expect(found(live)).toEqual([]);
  expect(found(then)).not.toEqual([]);
  expect(found(live)).toEqual([]);
});

it("judges the same objects anew for another rendering", () => {
  expect(found(live)).toEqual([]);
  const moved = somePractice({ uid: "uid-1", hosts: { ...practice.hosts, meet: "call.greenriver.example" } });
  expect(found(live, moved, rendered(moved))).not.toEqual([]);
});
