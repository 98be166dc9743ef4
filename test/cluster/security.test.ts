import { beforeAll, describe, expect, it } from "vitest";
import type { Params } from "../../src/components/component.ts";
import type { Manifest } from "../../src/manifest.ts";
import type { MediaAddress } from "../../src/practice/practice.ts";
import { render } from "../../src/render/render.ts";
import { pathOf, resourceOf, RESOURCES } from "../../src/runtime/resources.ts";
import { apiClient } from "../bed/api.ts";
import { waitFor } from "../bed/wait.ts";
import { bed } from "../support/bed.ts";
import { practiceNamespace } from "../support/practice-bed.ts";
import { EXAMPLES, params, VARIANTS } from "../support/practices.ts";

const client = apiClient(bed.adminConnection);

/** A media port that no Service is ever given by chance: Kubernetes gives those from 30086 on first. */
const PORT = 30_060;

function atPort({ practice, observed, assets }: Params, port: number): Params {
  const { media } = practice.video;
  if (media.port < 30_000) return { practice, observed, assets };
  const at = (addresses: readonly MediaAddress[]) => addresses.map(({ ip }) => ({ ip, port }));
  return {
    practice: { ...practice, video: { ...practice.video, media: { ...media, port, addresses: at(media.addresses) } } },
    observed: { ...observed, mediaAddresses: at(observed.mediaAddresses) },
    assets,
  };
}

/** What a practice consists of, without an owner: the garbage collector takes what belongs to nobody. */
function objectsOf(variant: Params, namespace: string, port = PORT): Manifest[] {
  const { manifests, trials } = render(atPort(variant, port));
  return [...manifests, ...trials].map((object) => {
    const { ownerReferences: _, ...metadata } = object.metadata;
    return { ...object, metadata: { ...metadata, namespace } };
  });
}

const IN_PARALLEL = 8;

/** Applies objects as the operator does. @returns what was refused, in the server's words, and the versions. */
async function apply(objects: readonly Manifest[], query = "") {
  const refused: string[] = [];
  const versions = new Map<string, string>();
  const queue = [...objects];
  const worker = async () => {
    for (let object = queue.shift(); object; object = queue.shift()) {
      const { namespace = "", name } = object.metadata;
      const path = `${pathOf(resourceOf(object), { namespace, name })}?fieldManager=telehealth-operator&force=true&fieldValidation=Strict${query}`;
      const { status, body } = await client.request("PATCH", path, object, "application/apply-patch+yaml");
      const { message, metadata } = body as { message?: string; metadata: Manifest["metadata"] };
      if (status >= 300) refused.push(`${object.kind}/${name}: ${message}`);
      else versions.set(`${object.kind}/${name}`, (metadata as { resourceVersion?: string }).resourceVersion ?? "");
    }
  };
  await Promise.all(Array.from({ length: IN_PARALLEL }, worker));
  return { refused, versions };
}

let namespace: string;
beforeAll(async () => {
  namespace = await practiceNamespace();
  const account = pathOf(RESOURCES.ServiceAccount, { namespace, name: "default" });
  await waitFor(async () => (await client.request("GET", account)).status === 200, { what: "the first account" });
});

describe("strict server-side apply accepts every object", () => {
  it.each(VARIANTS)("of %s", async (_, variant) => {
    const objects = objectsOf(variant, namespace);
    const { refused, versions } = await apply(objects, "&dryRun=All");
    expect(refused).toEqual([]);
    expect(versions.size).toBe(objects.length);
  });

  it("and sees a field that is none", async () => {
    const [first] = objectsOf(params(), namespace);
    if (!first) throw new Error("Nothing is rendered.");
    const { refused } = await apply(
      [{ ...first, spec: { ...(first["spec"] as object), podSelektor: {} } }],
      "&dryRun=All",
    );
    expect(refused.join()).toContain("podSelektor");
  });
});

describe("a second apply changes nothing", () => {
  it.each(EXAMPLES)("of any object of the example %s", async (example) => {
    const own = await practiceNamespace();
    const objects = objectsOf(params({ example }), own, PORT + 2 + 2 * EXAMPLES.indexOf(example));
    expect((await apply(objects)).refused).toEqual([]);
    // Controllers write to some objects of their own accord; what we would write each time again never comes to rest.
    await waitFor(
      async () => {
        const [before, after] = [await apply(objects), await apply(objects)];
        const moved = [...after.versions].filter(([name, version]) => before.versions.get(name) !== version);
        if (moved.length > 0) throw new Error(`Written again: ${moved.map(([name]) => name).join(", ")}`);
        return after.versions.size === objects.length;
      },
      { timeout: 30_000, interval: 500, what: "two applies with the same versions" },
    );
  });
});

describe("Pod Security `restricted` of a real API server", () => {
  const podsOf = (example: string): Manifest[] =>
    objectsOf(params({ example }), namespace)
      .filter(({ kind }) => kind === "StatefulSet" || kind === "Deployment" || kind === "Job")
      .map((workload) => {
        const { template } = workload["spec"] as { template: { metadata: object; spec: object } };
        const metadata = { ...template.metadata, name: workload.metadata.name, namespace };
        // The account is not there in a dry run.
        const spec = { ...template.spec, serviceAccountName: "default", serviceAccount: "default" };
        return { apiVersion: "v1", kind: "Pod", metadata, spec };
      });
  const create = async (pod: Manifest) => {
    const path = `${pathOf(RESOURCES.Pod, { namespace })}?dryRun=All&fieldValidation=Strict`;
    const { status, body } = await client.request("POST", path, pod);
    return { status, message: (body as { message?: string }).message };
  };

  it.each(EXAMPLES)("admits every pod of the example %s", async (example) => {
    const pods = podsOf(example);
    // Four of them try a configuration.
    expect(pods).toHaveLength(6 + 4);
    for (const pod of pods) expect(await create(pod), pod.metadata.name).toEqual({ status: 201, message: undefined });
  });

  it.each(podsOf("solo").map((pod) => [pod.metadata.name, pod] as const))(
    "refuses %s when one of its containers may gain privileges",
    async (_, pod) => {
      const spec = pod["spec"] as { containers: { securityContext: object }[] };
      const containers = spec.containers.map((container, index) => ({
        ...container,
        securityContext: { ...container.securityContext, ...(index === 0 && { allowPrivilegeEscalation: true }) },
      }));
      const metadata = { ...pod.metadata, namespace };
      const { status, message } = await create({ ...pod, metadata, spec: { ...spec, containers } });
      expect(status).toBe(403);
      expect(message).toContain("violates PodSecurity");
    },
  );
});
