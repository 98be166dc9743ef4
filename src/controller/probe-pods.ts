import { ANNOTATION, LABEL } from "../api/group.ts";
import type { LiveObject } from "../manifest.ts";
import type { Role } from "../practice/names.ts";

interface PodStatus {
  readonly phase?: string;
  readonly podIP?: string;
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  readonly containerStatuses?: readonly { readonly state?: { readonly terminated?: { readonly message?: string } } }[];
}

/** What is kept of the status of a pod that tries walls. */
interface ProbeStatus {
  readonly phase?: string | undefined;
  readonly ready: boolean;
  readonly ip?: string | undefined;
  /** Its last words. */
  readonly said?: string | undefined;
}

export function probeStatus({ phase, podIP, conditions = [], containerStatuses = [] }: PodStatus): ProbeStatus {
  return {
    phase,
    ready: conditions.some(({ type, status }) => type === "Ready" && status === "True"),
    ip: podIP,
    said: containerStatuses[0]?.state?.terminated?.message,
  };
}

/** A pod of a run that tries the walls. */
export interface ProbePod extends ProbeStatus {
  readonly part: "listen" | "dial";
  readonly role: Role;
  readonly ended: boolean;
}

/** The pods of a run of this practice. */
export function podsOfRun(pods: readonly LiveObject[], practice: string, at: string): readonly ProbePod[] {
  return pods.flatMap(({ metadata, spec, status }) => {
    const { labels = {}, annotations = {} } = metadata;
    const isOne = labels[LABEL.name] === "probe" && labels[LABEL.practice] === practice;
    if (!isOne || annotations[ANNOTATION.probe] !== at) return [];
    const [container] = (spec as { containers?: readonly { name: string }[] }).containers ?? [];
    const state = status as ProbeStatus;
    const ended = state.phase === "Succeeded" || state.phase === "Failed";
    const part = container?.name === "dial" ? "dial" : "listen";
    return [{ ...state, part, role: labels[LABEL.role] as Role, ended } as const];
  });
}
