import { stringify } from "yaml";
import { DEFAULT_IMAGES } from "../../versions.ts";
import { configuration, entering, walls } from "./guards.ts";
import { images, pods } from "./pods.ts";
import type { AdmissionPolicy, AdmissionSpec } from "./policy.ts";
import { alone, domains, guarded, hardened, keep, place, PRACTICE_KIND } from "./practices.ts";

/** What the API server itself refuses around practices, in the order of the docs. */
const ADMISSION: readonly AdmissionPolicy[] = [
  images,
  pods,
  entering,
  walls,
  configuration,
  place,
  alone,
  domains,
  keep,
  hardened,
  guarded,
];

const PARAMS = { images: { apiVersion: "v1", kind: "ConfigMap" }, practices: PRACTICE_KIND } as const;

/** `files/admission.yaml` of the chart: the policies, and the release's images that its template makes a list of. */
export function chartAdmission(): string {
  const { operator: _, ...operands } = DEFAULT_IMAGES;
  const policies = ADMISSION.map(({ name, holds, when = "always", action = "Deny", params, spec }) => {
    return { name, holds, when, action, params: params ?? "none", spec: whole(spec, params) };
  });
  return stringify({ images: operands, policies }, { lineWidth: 0, aliasDuplicateObjects: false });
}

/** An expression that cannot be evaluated refuses: nothing passes by confusing it. */
function whole(spec: AdmissionSpec, params: AdmissionPolicy["params"]) {
  return { failurePolicy: "Fail", ...(params && { paramKind: PARAMS[params] }), ...spec };
}

/** `docs/reference/admission.md`. */
export function admissionPage(): string {
  const rows = ADMISSION.map(({ name, refuses, exempt, action, when }) => {
    const what = `${action ? "**warns** of" : "refuses"} ${refuses}${when === "byNamespace" ? " (option `domains: byNamespace`)" : ""}`;
    return `| \`${name}\` | ${what} | ${exempt.join("; ") || "nobody"} |\n`;
  });
  return `# Admission policies\n\nWhat the API server refuses, to whom it may be: the operator is held by it as well where it is not named.\nUsers that \`admission.exempt\` of the chart names pass everything but \`keep\` and the warnings.\n[What that means, and the way out](../admission.md).\n\n| policy | what it does | whom it does not hold for |\n|---|---|---|\n${rows.join("")}`;
}
