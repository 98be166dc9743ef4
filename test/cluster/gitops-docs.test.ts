import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import type { Manifest } from "../../src/manifest.ts";
import { installCrds } from "../bed/crds.ts";
import { bed, kubectl, newNamespace } from "../support/bed.ts";

const page = readFileSync("docs/gitops.md", "utf8");
const blocks = [...page.matchAll(/```yaml\n([^]*?)```/g)].map(([, text = ""]) => text);
const objects = blocks.flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as Manifest));
const patch = parseAllDocuments(readFileSync("examples/argo-cd/argocd-cm.yaml", "utf8"))[0]?.toJS() as Manifest;

describe("the manifests of docs/gitops.md", { timeout: 120_000 }, () => {
  beforeAll(async () => {
    const sources = ["argo-cd", "flux-kustomize", "flux-source", "flux-helm"] as const;
    await Promise.all(sources.map((source) => installCrds(bed.adminConnection, source)));
  }, 300_000);

  /** Asks a real API server, with the tools' own definitions; nothing is stored. Unknown fields are refused. */
  async function accepts(object: Manifest): Promise<string> {
    const namespace = object.kind === "Namespace" ? undefined : await newNamespace();
    const metadata = { ...object.metadata, ...(namespace && { namespace }) };
    const command = ["apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-"];
    return kubectl(command, JSON.stringify({ ...object, metadata }));
  }

  it("are of both tools and of every step", () => {
    expect(objects.map(({ kind }) => kind)).toEqual([
      "Application",
      "Application",
      "Namespace",
      "TelehealthPractice",
      "GitRepository",
      "HelmRelease",
      "Kustomization",
      "Kustomization",
    ]);
  });

  it.each([...objects, patch].map((object) => [`${object.kind}/${object.metadata.name}`, object] as const))(
    "%s is accepted by its own definition",
    async (_, object) => {
      expect(await accepts(object)).toContain("serverside-applied (server dry run)");
    },
  );

  it("would be refused with a field that does not exist", async () => {
    for (const object of objects.filter(({ kind }) => kind !== "Namespace")) {
      const spec = { ...(object["spec"] as object), notAField: true };
      await expect(accepts({ ...object, spec })).rejects.toThrow("notAField");
    }
  });

  it("wait for one another as the page's order says", () => {
    const wave = ({ metadata }: Manifest) => Number(metadata.annotations?.["argocd.argoproj.io/sync-wave"]);
    const [operator, practices, namespace, practice] = objects as [Manifest, Manifest, Manifest, Manifest];
    expect([operator, practices, namespace, practice].map(wave)).toEqual([-1, 1, 0, 1]);
    const last = objects.at(-1)?.["spec"] as { dependsOn: object[] };
    expect(last.dependsOn).toEqual([{ name: objects.at(-2)?.metadata.name }]);
  });
});
