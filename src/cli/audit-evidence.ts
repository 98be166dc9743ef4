import { createHash } from "node:crypto";
import { loadAssets } from "../assets.ts";
import { parseSpec } from "../api/practice.ts";
import type { PracticeStatus } from "../api/status.ts";
import type { Evidence } from "../audit/report.ts";
import type { Config } from "../config.ts";
import { SPARING } from "../controller/gate.ts";
import { readIdentity } from "../controller/identity.ts";
import { CHILD_RESOURCES, judgeObjects } from "../controller/live.ts";
import type { LiveObject } from "../manifest.ts";
import { namesOf } from "../practice/names.ts";
import { defaultIdentity, resolve } from "../practice/resolve.ts";
import type { Cluster } from "../runtime/cluster.ts";
import { ApiError } from "../runtime/errors.ts";
import { type Resource, RESOURCES } from "../runtime/resources.ts";
import { DEFAULT_IMAGES } from "../versions.ts";
import { packageVersion } from "./package-version.ts";

/**
 * Looks at a practice with the rights of whoever asks, and runs the operator's own checks on it. Secrets are not asked
 * for. A kind that may not be read is told, never taken for empty.
 * @throws Error when the manifest that is live cannot be used at all.
 */
export async function evidenceOf(cluster: Cluster, live: LiveObject, config: Config, now: Date): Promise<Evidence> {
  const { namespace = "", name } = live.metadata;
  const parsed = parseSpec(live);
  if (!parsed.ok) {
    const problems = parsed.issues.map(({ path, message }) => `  ${path}: ${message}`).join("\n");
    throw new Error(`The practice cannot be judged, because its manifest cannot be used:\n${problems}`);
  }
  const { objects, unread } = await readAll(cluster, namespace);
  const kept = objects.find((one) => one.kind === "ConfigMap" && one.metadata.name === namesOf(name).identity);
  const identity = kept ? readIdentity(kept).identity : defaultIdentity(namespace, name, parsed.spec);
  const resource = { ...live, metadata: { ...live.metadata, namespace } };
  const practice = resolve({ resource, spec: parsed.spec, options: config, identity });
  const assets = loadAssets();
  const status: Partial<PracticeStatus> = live["status"] ?? {};
  const waits = status.conditions?.find(({ type }) => type === "UpdatePending");
  const isHeldBack = waits?.status === "True" && [...SPARING].some((reason) => reason === waits.reason);
  const isSpared = ({ kind }: LiveObject) => isHeldBack && kind === "StatefulSet";
  return {
    practice,
    generation: live.metadata.generation ?? 0,
    status,
    objects,
    findings: judgeObjects({ objects, practice, assets }, isSpared),
    unread,
    guard: createHash("sha256").update(assets.guard).digest("hex"),
    releaseImages: DEFAULT_IMAGES,
    allowedAnnotations: config.allowedAnnotations,
    version: packageVersion(),
    now,
  };
}

/** Everything in the namespace that the checks look at; a kind that the cluster does not serve is none. */
async function readAll(cluster: Cluster, namespace: string) {
  const kinds: readonly Resource[] = [...CHILD_RESOURCES, RESOURCES.Pod].filter((kind) => kind !== RESOURCES.Job);
  const unread: { kind: string; reason: string }[] = [];
  const lists = await Promise.all(
    kinds.map(async (kind) => {
      try {
        return await cluster.list(kind, { namespace });
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (error.status === 404) return [];
        if (error.status !== 403) throw error;
        unread.push({ kind: kind.kind, reason: `You lack the right to list ${kind.plural} in ${namespace}.` });
        return [];
      }
    }),
  );
  return { objects: lists.flat(), unread };
}
