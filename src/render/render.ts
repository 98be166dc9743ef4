import { hash } from "node:crypto";
import { ANNOTATION, API_VERSION, KIND, LABEL } from "../api/group.ts";
import type { Await, Params } from "../components/component.ts";
import { COMPONENTS, wallsOf } from "../components/index.ts";
import { probesOf } from "../components/probe.ts";
import { trialsOf } from "../components/trial.ts";
import type { Manifest, OwnerReference, VerifiedManifests } from "../manifest.ts";
import { enforce } from "../policy/enforce.ts";
import { RENDER_CHAIN } from "../policy/index.ts";
import type { Practice } from "../practice/practice.ts";
import { inOrder, isOwned } from "./order.ts";
import { synthesise } from "./synthesise.ts";

/** All objects of a practice that can be rendered now, and what the rest waits for. */
export interface Rendering {
  readonly manifests: VerifiedManifests;
  /** Jobs that try a changed configuration; applied only where one has to be tried. */
  readonly trials: VerifiedManifests;
  /** Jobs of a run that tries the walls, as far as it has come; none while there is no run. */
  readonly probes: VerifiedManifests;
  readonly awaits: readonly Await[];
}

/**
 * Renders and verifies a practice. Pure: equal params give equal bytes.
 * @throws PolicyViolation when a rendered object breaks a promise; nothing of it may be applied.
 */
export function render(params: Params): Rendering {
  const awaits = COMPONENTS.flatMap((component) => component.awaits?.(params) ?? []);
  const built = COMPONENTS.flatMap((component) => component.build(params));
  const { practice, assets } = params;
  const trials = trialsOf(practice, built);
  const probes = probesOf(params, wallsOf(practice));
  const objects = synthesise(inOrder([...built, ...trials, ...probes].map((object) => stamp(object, practice)))).map(
    sealed,
  );
  const verified = enforce(RENDER_CHAIN, { objects, practice, assets });
  // A part of what was verified is verified.
  const part = (which: Part) => verified.filter((object) => partOf(object) === which) as Manifests as VerifiedManifests;
  return { manifests: part("manifests"), trials: part("trials"), probes: part("probes"), awaits };
}

type Manifests = readonly Manifest[];
type Part = "manifests" | "trials" | "probes";

function partOf({ kind, metadata }: Manifest): Part {
  if (kind !== "Job") return "manifests";
  return metadata.labels?.[LABEL.component] === "probe" ? "probes" : "trials";
}

function stamp(object: Manifest, practice: Practice): Manifest {
  const owner = practice.uid && isOwned(object) ? [ownerReference(practice, practice.uid)] : undefined;
  return {
    ...object,
    metadata: {
      ...object.metadata,
      namespace: practice.namespace,
      labels: {
        ...object.metadata.labels,
        [LABEL.managedBy]: "telehealth-operator",
        [LABEL.partOf]: practice.name,
        [LABEL.practice]: practice.name,
        ...(practice.uid && { [LABEL.practiceUid]: practice.uid }),
      },
      ...(owner && { ownerReferences: owner }),
    },
  };
}

/**
 * Puts a digest of the object on it. A release that no longer asks for a field then differs from what is live, so
 * that the field is taken back also by an operator that has just started and remembers nothing.
 */
function sealed(object: Manifest): Manifest {
  // What a ConfigMap holds is in its name.
  const { data: _, ...told } = object;
  // What was synthesised has its keys in order, so the digest does not depend on how a builder wrote them.
  const annotations = {
    ...object.metadata.annotations,
    [ANNOTATION.rendered]: hash("sha256", JSON.stringify(told)).slice(0, 8),
  };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

function ownerReference(practice: Practice, uid: string): OwnerReference {
  return { apiVersion: API_VERSION, kind: KIND, name: practice.name, uid, controller: true, blockOwnerDeletion: true };
}
