import { ApiObject, type ApiObjectProps, App, Chart } from "cdk8s";
import { k8s } from "cdk8s-plus-28";
import type { Manifest } from "../manifest.ts";

/** A class of cdk8s-plus for one kind of Kubernetes. */
interface KubeClass {
  readonly GVK: { readonly apiVersion: string; readonly kind: string };
  manifest(props: object): unknown;
}

/** The low-level classes by `apiVersion/kind`. */
const CLASSES: ReadonlyMap<string, KubeClass> = new Map(
  Object.values(k8s)
    .filter((candidate) => "GVK" in candidate && "manifest" in candidate)
    .map((candidate) => candidate as KubeClass)
    .map((candidate) => [`${candidate.GVK.apiVersion}/${candidate.GVK.kind}`, candidate]),
);

/**
 * The objects as cdk8s writes them: same order, same content, keys sorted, so equal objects give equal bytes.
 * Each goes through the class of its kind; where there is none, or where the class of that Kubernetes release would
 * drop a field that it does not know, through a plain `ApiObject`.
 * @throws Error when cdk8s changed an object all the same.
 */
export function synthesise(objects: readonly Manifest[]): Manifest[] {
  const chart = new Chart(new App(), "practice");
  return objects.map((object, index) => {
    const written = byClass(object);
    if (written && isEqual(written, object)) return written;
    const plain = new ApiObject(chart, `plain-${index}`, object as unknown as ApiObjectProps).toJson() as Manifest;
    if (!isEqual(plain, object)) throw new Error(`cdk8s changed ${object.kind} ${object.metadata.name}.`);
    return plain;
  });
}

function byClass(object: Manifest): Manifest | undefined {
  const { apiVersion, kind, ...props } = object;
  return CLASSES.get(`${apiVersion}/${kind}`)?.manifest(wrapped(props) as object) as Manifest | undefined;
}

/** Fields that are a number or a name, by key and by the key above. */
function isIntOrString(key: string, above: string): boolean {
  if (key === "port") return ["httpGet", "tcpSocket", "ingress.ports", "egress.ports"].includes(above);
  return key === "targetPort" || key === "maxSurge" || key === "maxUnavailable";
}

/** Fields that are quantities. */
function isQuantity(key: string, above: string): boolean {
  return key === "sizeLimit" || above === "limits" || above === "requests";
}

/** The same value, its keys in order, with the wrappers that the classes want for what can have two types. */
function wrapped(value: unknown, key = "", above = ""): unknown {
  if (Array.isArray(value)) {
    // Ports of a Service are numbers, ports of a network policy are not.
    const list = key === "ports" && (above === "ingress" || above === "egress") ? `${above}.ports` : key;
    return value.map((item) => wrapped(item, list, above));
  }
  // Dropped, as by everything else of cdk8s, so that the comparison objects.
  if (value === null) return undefined;
  if (typeof value === "object") {
    const map = value as Readonly<Record<string, unknown>>;
    const inOrder = Object.keys(map).toSorted();
    return Object.fromEntries(inOrder.map((below) => [below, wrapped(map[below], below, key)]));
  }
  if (typeof value !== "string" && typeof value !== "number") return value;
  if (isIntOrString(key, above)) {
    return typeof value === "number" ? k8s.IntOrString.fromNumber(value) : k8s.IntOrString.fromString(value);
  }
  if (!isQuantity(key, above)) return value;
  return typeof value === "number" ? k8s.Quantity.fromNumber(value) : k8s.Quantity.fromString(value);
}

/** Deep equality of JSON; a field that is `undefined` is not there. */
function isEqual(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, index) => isEqual(item, b[index]));
  }
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  for (const key in left) if (left[key] !== undefined && !isEqual(left[key], right[key])) return false;
  for (const key in right) {
    if (right[key] !== undefined && (!Object.hasOwn(left, key) || left[key] === undefined)) return false;
  }
  return true;
}
