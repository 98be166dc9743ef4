import { beforeAll, describe, expect, it } from "vitest";
import { COMPONENTS } from "../../src/components/index.ts";
import type { Manifest } from "../../src/manifest.ts";
import type { Certificates, Database, Exposure } from "../../src/practice/practice.ts";
import { kubectl } from "../support/bed.ts";
import { practiceNamespace } from "../support/practice-bed.ts";
import { someParams } from "../support/practice.ts";

const EXPOSURES: readonly Exposure[] = [
  { kind: "ingress", className: "traefik", annotations: {} },
  { kind: "gateway", className: "envoy" },
  { kind: "parentRef", name: "shared", namespace: "edge", sectionName: "https", listenerSet: false },
  { kind: "parentRef", name: "shared", namespace: "edge", listenerSet: true },
  { kind: "service", type: "NodePort" },
];
const CERTIFICATES: readonly Certificates[] = [
  { kind: "acme", email: "admin@greenriver.example", server: "https://ca.example/directory" },
  { kind: "issuerRef", name: "main", issuerKind: "ClusterIssuer", group: "cert-manager.io" },
  { kind: "secretRef", name: "wildcard" },
  { kind: "external" },
];
const DATABASES: readonly Database[] = [
  { kind: "managed", storage: "10Gi" },
  {
    kind: "external",
    host: "db.example",
    port: 5432,
    name: "synapse",
    secretName: "db",
    caSecretName: "db-ca",
    to: { kind: "cidrs", cidrs: ["0.0.0.0/0", "::/0"] },
  },
];
/** Where TLS ends before the practice, it has no certificate of its own. */
const endsElsewhere = ({ kind, ...exposure }: Exposure) =>
  kind === "service" || ("listenerSet" in exposure && !exposure.listenerSet);
const CASES = EXPOSURES.flatMap((exposure) =>
  CERTIFICATES.filter(({ kind }) => kind === "external" || !endsElsewhere(exposure)).map((certificates) => ({
    exposure,
    certificates,
  })),
);

let namespace: string;
beforeAll(async () => {
  namespace = await practiceNamespace();
});

const rendered = (practice: Parameters<typeof someParams>[0] = {}) => {
  const params = someParams(practice);
  return COMPONENTS.flatMap((component) => component.build(params));
};

/** Throws with the API server's words when it refuses an object or does not know a field. */
function accepted(objects: readonly Manifest[]): Promise<string> {
  const items = objects.map((object) => ({ ...object, metadata: { ...object.metadata, namespace } }));
  const options = ["--server-side", "--dry-run=server", "--validate=strict", "-f", "-"];
  return kubectl(["apply", ...options], JSON.stringify({ apiVersion: "v1", kind: "List", items }));
}

describe("the API server accepts every object to the last field", () => {
  it.each(CASES)("exposed by $exposure.kind, certificate by $certificates.kind", async (practice) => {
    const objects = rendered({ practice });
    expect((await accepted(objects)).trim().split("\n")).toHaveLength(objects.length);
  });

  it.each(DATABASES)("with a database that is $kind", async (database) => {
    const objects = rendered({ practice: { messaging: { database, mediaStorage: "1Gi" } } });
    expect((await accepted(objects)).trim().split("\n")).toHaveLength(objects.length);
  });

  it("and would refuse a field that it does not know", async () => {
    const wrong = rendered().map((object) =>
      object.kind === "Certificate" ? { ...object, spec: { nonsense: 1 } } : object,
    );
    await expect(accepted(wrong)).rejects.toThrow("nonsense");
  });
});

describe("Pod Security `restricted`", () => {
  const workloads = rendered().filter(({ kind }) => kind === "StatefulSet" || kind === "Deployment");
  const podOf = (workload: Manifest, spec: object = {}): Manifest => {
    const { template } = workload["spec"] as { template: { metadata: object; spec: object } };
    return {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { ...template.metadata, name: workload.metadata.name },
      // The account is not there in a dry run.
      spec: { ...template.spec, serviceAccountName: "default", ...spec },
    };
  };

  it.each(workloads.map((workload) => [workload.metadata.name, workload] as const))(
    "admits %s",
    async (_, workload) => {
      expect(await accepted([podOf(workload)])).toContain("serverside-applied");
    },
  );

  it("would refuse one with the network of its node", async () => {
    const [workload] = workloads;
    if (!workload) throw new Error("No workload is rendered.");
    await expect(accepted([podOf(workload, { hostNetwork: true })])).rejects.toThrow("violates PodSecurity");
  });
});
