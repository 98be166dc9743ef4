import type { IContainer, IPodSpec } from "kubernetes-models/v1";
import { LABEL } from "../api/group.ts";
import type { Manifest } from "../manifest.ts";
import type { Practice } from "../practice/practice.ts";
import { containersOf } from "./pods.ts";
import { programOf } from "./programs.ts";

type Labels = Readonly<Record<string, string>>;

/** Whether a workload is one that tries the walls: it stands behind one of them, and nobody is sent to it. */
export function isProbe({ names }: Practice, { kind, metadata }: Manifest, labels: Labels): boolean {
  return kind === "Job" && metadata.name.startsWith(`${names.probe}-`) && labels[LABEL.name] === "probe";
}

/** All that a container of a probe has. With anything more, such as a file or a hook, it could do something else. */
const PLAIN = new Set([
  "name",
  "image",
  "imagePullPolicy",
  "command",
  "env",
  "resources",
  "readinessProbe",
  "securityContext",
  "terminationMessagePath",
  "terminationMessagePolicy",
]);
const VARIABLES = /^PROBE_(?:LISTEN|DIAL)$/;

/**
 * Whether a live pod can do nothing but try walls, whoever made it: it runs the operator's image, with the probe's command
 * and nothing that could turn that into another program. So the way out that its role has is worth nothing to anybody.
 * It may outlive its Job for a moment, and be of a release with another tag.
 */
export function isProbePod({ images }: Practice, pod: Manifest): boolean {
  const labels = pod.metadata.labels ?? {};
  if (labels[LABEL.name] !== "probe" || LABEL.serves in labels) return false;
  const spec = pod["spec"] as IPodSpec;
  const containers = containersOf(spec);
  return (
    containers.length === 1 &&
    (spec.volumes ?? []).length === 0 &&
    containers.every((container) => triesOnly(container, images.operator))
  );
}

function triesOnly(container: IContainer, image: string): boolean {
  const plain = Object.keys(container).every((key) => PLAIN.has(key));
  const told = (container.env ?? []).every(({ name, value }) => VARIABLES.test(name) && value !== undefined);
  const asks = container.readinessProbe ? Object.keys(container.readinessProbe) : [];
  return (
    plain &&
    told &&
    !asks.includes("exec") &&
    repository(container.image) === repository(image) &&
    programOf(container)?.program === "probe"
  );
}

/** The image without tag and digest: while a new release rolls out, pods of the former one still run. */
export function repository(image: string | undefined): string {
  return (image ?? "").replace(/@.*$/, "").replace(/:[^/:]*$/, "");
}
