/** One ValidatingAdmissionPolicy of the chart, and where it holds. */
export interface AdmissionPolicy {
  /** Without the release's name in front. */
  readonly name: string;
  /** What it refuses or warns of, for the table in the docs. */
  readonly refuses: string;
  /** Whom it does not hold for, for the table in the docs. */
  readonly exempt: readonly string[];
  readonly holds: Where;
  /** Absent: in every installation. */
  readonly when?: "clusterWide" | "byNamespace";
  /** Absent: it refuses. */
  readonly action?: "Warn";
  /** What it is told besides the request: the list of images, or every practice of the namespace. */
  readonly params?: "images" | "practices";
  readonly spec: AdmissionSpec;
}

/** `practices`: in namespaces of practices. `everywhere`: in all that this installation looks after. */
export type Where = "practices" | "everywhere";

/** Of `admissionregistration.k8s.io/v1`; expressions are CEL. */
export interface AdmissionSpec {
  readonly matchConstraints: { readonly resourceRules: readonly ResourceRule[] };
  readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[];
  readonly variables?: readonly { readonly name: string; readonly expression: string }[];
  readonly validations: readonly Validation[];
}

export interface ResourceRule {
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly resources: readonly string[];
  readonly operations: readonly ("CREATE" | "UPDATE" | "DELETE" | "CONNECT")[];
}

export interface Validation {
  readonly expression: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: "Forbidden";
}

/** Resources of a group in all its versions. */
export function on(
  operations: ResourceRule["operations"],
  groups: Readonly<Record<string, readonly string[]>>,
): ResourceRule[] {
  return Object.entries(groups).map(([group, resources]) => {
    return { apiGroups: [group], apiVersions: ["*"], resources, operations };
  });
}

/** Where the docs tell what to do about a refusal; the end of every message. */
export const SEE = "See docs/admission.md of telehealth-operator.";
