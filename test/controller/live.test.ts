import { expect, it } from "vitest";
import { loadAssets } from "../../src/assets.ts";
import type { Context } from "../../src/controller/context.ts";
import { judge } from "../../src/controller/live.ts";
import type { Manifest } from "../../src/manifest.ts";
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
function found(live: readonly Manifest[], of = practice, from = rendering) {
  const list = (resource: Resource) => live.filter(({ kind }) => kind === resource.kind);
  const context = { cache: { list }, assets } as unknown as Context;
  return judge(context, of, from, () => false);
}

it("judges the same objects once, and anew when one came, went or is another", () => {
  const { manifests } = rendering;
  const first = found(manifests);
  expect(first).toEqual([]);
  expect(found([...manifests])).toBe(first);
  const metadata = { name: "x", namespace: "greenriver" };
  const spec = { podSelector: {}, ingress: [{}] };
  const came = { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata, spec };
  expect(found([...manifests, came])).not.toEqual([]);
  expect(found(manifests)).toEqual([]);
  const isWall = ({ metadata }: Manifest) => metadata.name === practice.names.defaultDeny;
  expect(found(manifests.filter((object) => !isWall(object)))).not.toEqual([]);
  const opened = manifests.map((object) => (isWall(object) ? { ...object, spec: { podSelector: {} } } : object));
  expect(found(opened)).not.toEqual([]);
  expect(found(manifests)).toEqual([]);
});

it("judges the same objects anew for another rendering", () => {
  const { manifests } = rendering;
  expect(found(manifests)).toEqual([]);
  const moved = somePractice({ uid: "uid-1", hosts: { ...practice.hosts, meet: "call.greenriver.example" } });
  expect(found(manifests, moved, rendered(moved))).not.toEqual([]);
});
