import { describe, type Manifest } from "../../src/manifest.ts";
import type { PolicyInput } from "../../src/policy/policy.ts";
import { contentHash } from "../../src/practice/names.ts";
import { render } from "../../src/render/render.ts";
import { type Choice, params } from "./practices.ts";

/** A way to break one check: what somebody could do, and what it does to the objects. */
export interface Break {
  readonly check: string;
  /** Checks that must fail with it: what cannot be read keeps no promise. */
  readonly also?: readonly string[];
  readonly what: string;
  readonly does: (input: PolicyInput) => PolicyInput;
  /** Which practice it is done to; solo when absent. */
  readonly choice?: Choice;
}

/** A run of the probe that has come as far as dialling. */
export const PROBE = {
  at: "2026-11-26T12:00:00.000Z",
  addresses: { postgres: "10.88.0.11", signalling: "10.88.0.12", bridge: "10.88.0.13" },
};

const rendered = new Map<string, PolicyInput>();

/** Everything of a practice, rendered and sound. */
export function sound(choice: Choice = {}): PolicyInput {
  const key = JSON.stringify(choice);
  const known = rendered.get(key);
  if (known) return known;
  const input = params(choice, { probe: PROBE });
  const { manifests, trials, probes } = render(input);
  const found = { objects: [...manifests, ...trials, ...probes], practice: input.practice, assets: input.assets };
  rendered.set(key, found);
  return found;
}

// oxlint-disable-next-line typescript/no-explicit-any -- tests reach into objects of every kind
type Any = any;

/** The input with a change to a copy of the object that is named `Kind/name`. */
function edited(input: PolicyInput, name: string, change: (object: Any) => void): PolicyInput {
  const objects = structuredClone(input.objects) as Manifest[];
  const object = objects.find((candidate) => describe(candidate) === name);
  if (!object) throw new Error(`${name} is not rendered`);
  change(object);
  return { ...input, objects };
}

/** A break by `edited`; `name` without the practice's own prefix: `Deployment/front`. */
export function edit(check: string, what: string, name: string, change: (object: Any) => void, choice?: Choice): Break {
  const does = (input: PolicyInput) => edited(input, name.replace("/", `/${input.practice.name}-`), change);
  return { check, what, does, ...(choice && { choice }) };
}

/** A break of what is in a pod template's spec. */
export function editPod(check: string, what: string, name: string, change: (spec: Any) => void): Break {
  return edit(check, what, name, (workload) =>
    change((workload.spec.jobTemplate?.spec ?? workload.spec).template.spec),
  );
}

/** A break of one configuration file, done properly: new name, and the workload refers to it. */
export function editFile(check: string, what: string, file: string, change: (text: string) => string): Break {
  return { check, what, does: (input) => withFile(input, file, change) };
}

function withFile(input: PolicyInput, path: string, change: (text: string) => string): PolicyInput {
  const [component = "", file = ""] = path.split("/");
  const objects = structuredClone(input.objects) as Any[];
  const map = objects.find(
    ({ kind, metadata, data }) =>
      kind === "ConfigMap" && metadata.name.startsWith(`${input.practice.name}-${component}-`) && file in data,
  );
  if (!map) throw new Error(`${path} is not rendered`);
  const text = change(map.data[file]);
  if (text === map.data[file]) throw new Error(`Nothing changed in ${path}`);
  map.data[file] = text;
  const former = map.metadata.name as string;
  map.metadata.name = former.replace(/[0-9a-f]{8}$/, contentHash(map.data));
  const renamed = JSON.parse(JSON.stringify(objects).replaceAll(`"${former}"`, `"${map.metadata.name}"`)) as Manifest[];
  return { ...input, objects: renamed };
}

/** A break that adds an object to the namespace; foreign unless it carries the practice's labels. */
export function add(check: string, what: string, make: (input: PolicyInput) => object): Break {
  return { check, what, does: (input) => ({ ...input, objects: [...input.objects, make(input) as Manifest] }) };
}

export function and(also: readonly string[], broken: Break): Break {
  return { ...broken, also };
}

export function replaced(from: string | RegExp, to: string): (text: string) => string {
  return (text) => text.replace(from, to);
}
