import { beforeAll, describe, expect, it } from "vitest";
import { judgeChange, parseSpec, type PracticeSpec } from "../../src/api/practice.ts";
import { PRACTICES } from "../../src/controller/kinds.ts";
import type { Manifest } from "../../src/manifest.ts";
import { pathOf } from "../../src/runtime/resources.ts";
import { apiClient } from "../bed/api.ts";
import { corpus, type Specimen } from "../corpus/corpus.ts";
import { bed, newNamespace } from "../support/bed.ts";

/** What a judge says: nothing to blame, and the spec with its defaults; or the blame, each `path message`. */
interface Verdict {
  readonly blame: readonly { readonly path: string; readonly message: string }[];
  readonly spec?: unknown;
}

const IN_PARALLEL = 8;
const client = apiClient(bed.adminConnection);
const strict = "fieldValidation=Strict&dryRun=All";

/** A namespace for each that asks at the same time: specimens share their names, and a change needs a live object. */
const namespaces: string[] = [];
const specimens = corpus();
const verdicts = new Map<string, Verdict>();

beforeAll(async () => {
  for (let i = 0; i < IN_PARALLEL; i += 1) namespaces.push(await newNamespace());
  const queue = [...specimens];
  const worker = async (namespace: string) => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      verdicts.set(next.file, await judgedByTheServer(next, namespace));
    }
  };
  await Promise.all(namespaces.map(worker));
});

async function judgedByTheServer({ from, manifest }: Specimen, namespace: string): Promise<Verdict> {
  const collection = pathOf(PRACTICES, { namespace });
  if (!from) return verdictOf(await client.request("POST", `${collection}?${strict}`, moved(manifest, namespace)));
  const former = moved(from, namespace);
  const made = await client.request("POST", collection, former);
  if (made.status !== 201) throw new Error(`What the change begins with was refused: ${JSON.stringify(made.body)}`);
  const { resourceVersion } = (made.body as { metadata: { resourceVersion: string } }).metadata;
  const path = `${collection}/${former.metadata.name}`;
  const { metadata, ...rest } = moved(manifest, namespace);
  const verdict = verdictOf(
    await client.request("PUT", `${path}?${strict}`, { ...rest, metadata: { ...metadata, resourceVersion } }),
  );
  await client.request("DELETE", path);
  return verdict;
}

function moved(manifest: Manifest, namespace: string): Manifest {
  return { ...manifest, metadata: { ...manifest.metadata, namespace } };
}

/** @throws Error for an answer that is no judgement of the manifest. */
function verdictOf({ status, body }: { status: number; body: unknown }): Verdict {
  if (status < 300) return { blame: [], spec: (body as { spec: unknown }).spec };
  const { message, details } = body as Refusal;
  // `<nil>` is no field: it says that CEL rules were not looked at, because the schema was broken already.
  const causes = (details?.causes ?? []).filter(({ field }) => field !== "<nil>");
  if (status === 422) return { blame: causes.map(({ field, ...cause }) => ({ path: field, ...cause })) };
  const unknown = [...message.matchAll(/unknown field "([^"]+)"/g)].map(([, path = ""]) => ({ path, message }));
  if (status !== 400 || unknown.length === 0) throw new Error(`The API server answered ${status}: ${message}`);
  return { blame: unknown };
}

interface Refusal {
  readonly message: string;
  readonly details?: { readonly causes?: readonly { readonly field: string; readonly message: string }[] };
}

function judgedByUs({ from, manifest }: Specimen): Verdict {
  const parsed = parseSpec(manifest);
  if (!parsed.ok) return { blame: parsed.issues };
  return { blame: from ? judgeChange(specOf(from), parsed.spec) : [], spec: parsed.spec };
}

function specOf(manifest: Manifest): PracticeSpec {
  const parsed = parseSpec(manifest);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  return parsed.spec;
}

const paths = ({ blame }: Verdict) => [...new Set(blame.map(({ path }) => path))].toSorted();
const theirs = ({ file }: Specimen): Verdict => verdicts.get(file) ?? { blame: [{ path: "", message: "not judged" }] };

describe("the API server and we judge every manifest of the corpus alike", () => {
  it("all of them", () => {
    expect(verdicts.size).toBe(specimens.length);
    expect(verdicts.size).toBeGreaterThan(160);
  });

  it.each(specimens.filter(({ good }) => good))("$file is accepted, with the same defaults", (specimen) => {
    expect(theirs(specimen).blame).toEqual([]);
    expect(theirs(specimen).spec).toEqual(judgedByUs(specimen).spec);
  });

  it.each(specimens.filter(({ good }) => !good))("$file is refused for the same fields", (specimen) => {
    const { path, message } = specimen.expect ?? { path: "", message: "" };
    const stated = expect.objectContaining({ path, message: expect.stringContaining(message) as string });
    expect(theirs(specimen).blame).toContainEqual(stated);
    expect(judgedByUs(specimen).blame).toContainEqual(stated);
    expect(paths(theirs(specimen))).toEqual(paths(judgedByUs(specimen)));
  });
});
