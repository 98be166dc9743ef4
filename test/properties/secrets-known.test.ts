import { describe, expect, it } from "vitest";
import type { Manifest } from "../../src/manifest.ts";
import type { Practice } from "../../src/practice/practice.ts";
import { RENDERED } from "../support/rendered.ts";

/** Names of Secrets that objects refer to, wherever Kubernetes and cert-manager spell such references. */
function secretsIn(value: unknown, key = ""): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => secretsIn(item, key));
  if (typeof value !== "object" || value === null) {
    return key === "secretName" && typeof value === "string" ? [value] : [];
  }
  const { name, kind } = value as { name?: string; kind?: string };
  const { optional } = value as { optional?: boolean };
  const isReference =
    key === "secretKeyRef" ||
    key.endsWith("SecretRef") ||
    (key === "certificateRefs" && kind === "Secret") ||
    (key === "secret" && !optional);
  const own = isReference && name ? [name] : [];
  return [...own, ...Object.entries(value).flatMap(([below, item]) => secretsIn(item, below))];
}

/** Secrets that the manifest names, and those that cert-manager makes because a rendered object asks it to. */
function given({ certificates, messaging: { database } }: Practice, manifests: readonly Manifest[]): string[] {
  return [
    ...(certificates.kind === "secretRef" ? [certificates.name] : []),
    ...(database.kind === "external" ? [database.secretName, database.caSecretName ?? ""] : []),
    ...manifests
      .filter(({ kind }) => kind === "Certificate")
      .map(({ spec }) => (spec as { secretName: string }).secretName),
    // The ACME account's key.
    ...manifests.flatMap(({ spec }) => {
      const { acme } = (spec ?? {}) as { acme?: { privateKeySecretRef: { name: string } } };
      return acme?.privateKeySecretRef.name ?? [];
    }),
  ];
}

describe("every Secret that is referred to comes from somewhere", () => {
  it.each(RENDERED)("%s", (_, { manifests, trials, practice, observed }) => {
    // The token of `telehealth backup`, made for one command.
    const known = new Set([...Object.values(observed.secrets), ...given(practice, manifests), practice.names.backup]);
    // Routes are there before cert-manager is; their certificate comes with it.
    if (!observed.apis.certManager) known.add(practice.names.hostsTls);
    const used = [...new Set(secretsIn([...manifests, ...trials]))];
    expect(used.length).toBeGreaterThan(0);
    expect(used.filter((name) => !known.has(name))).toEqual([]);
  });

  it("never mounts the operator's own key", () => {
    for (const [, { manifests, observed }] of RENDERED) {
      expect(secretsIn(manifests)).not.toContain(observed.secrets.fingerprint);
    }
  });
});
