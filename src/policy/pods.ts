import type { IContainer, IPodSpec } from "kubernetes-models/v1";
import { LABEL } from "../api/group.ts";
import type { Manifest } from "../manifest.ts";

/** The pods that a workload makes. */
export interface PodTemplate {
  readonly workload: Manifest;
  readonly role: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: IPodSpec;
}

/** The pod templates of all workloads, of whatever kind they are. */
export function podTemplates(objects: readonly Manifest[]): PodTemplate[] {
  return objects.flatMap((workload) => {
    const spec = (workload["spec"] ?? {}) as { template?: Template; jobTemplate?: { spec?: { template?: Template } } };
    const template = spec.template ?? spec.jobTemplate?.spec?.template;
    if (!template?.spec) return [];
    const labels = template.metadata?.labels ?? {};
    return [{ workload, role: labels[LABEL.role], labels, spec: template.spec }];
  });
}

interface Template {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: IPodSpec;
}

/** Everything that runs in a pod, now or later. */
export function containersOf(spec: IPodSpec): IContainer[] {
  return [
    ...(spec.initContainers ?? []),
    ...(spec.containers ?? []),
    ...((spec.ephemeralContainers ?? []) as IContainer[]),
  ];
}

/** Content of a file as a container sees it, when it comes from a ConfigMap among the objects. */
export function fileAt(
  objects: readonly Manifest[],
  pod: PodTemplate,
  container: IContainer,
  path: string,
): string | undefined {
  const mount = (container.volumeMounts ?? [])
    .filter(({ mountPath }) => path === mountPath || path.startsWith(`${mountPath.replace(/\/$/, "")}/`))
    .toSorted((a, b) => b.mountPath.length - a.mountPath.length)[0];
  if (!mount) return undefined;
  const below = path.slice(mount.mountPath.replace(/\/$/, "").length).replace(/^\//, "");
  const file = [mount.subPath, below].filter(Boolean).join("/");
  const { configMap } = pod.spec.volumes?.find(({ name }) => name === mount.name) ?? {};
  if (!configMap) return undefined;
  const key = configMap.items ? configMap.items.find((item) => item.path === file)?.key : file;
  const map = objects.find(({ kind, metadata }) => kind === "ConfigMap" && metadata.name === configMap.name);
  return key === undefined ? undefined : (map?.["data"] as Record<string, string> | undefined)?.[key];
}
