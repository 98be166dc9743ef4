import fc from "fast-check";
import { judgeChange, parseSpec, type PracticeSpec } from "../../src/api/practice.ts";
import { FIELD_SAMPLES } from "./field-samples.ts";
import { practiceFor } from "./practice-bed.ts";
import { aPractice } from "./practices.ts";

export type Spec = Readonly<Record<string, unknown>>;

/** How many fields one edit sets. */
const FEW = { minLength: 1, maxLength: 6 };

/** Fields of which two practices of a cluster cannot have the same. */
const TAKEN_BY_ONE = ["video.media.port"];

const parsedSpecs = await Promise.all(
  Object.entries(FIELD_SAMPLES)
    .filter(([path, { silent }]) => silent === undefined && !TAKEN_BY_ONE.includes(path))
    .flatMap(([, { set, changed }]) => [set, changed])
    .map(async (spec) => ({ spec, parsed: await parsed(spec) })),
);
const plain = await parsed({});

/** What may be set in a practice that is, and left out again; each shows in what is rendered. */
const CHANGEABLE: readonly Spec[] = parsedSpecs
  .filter((each) => judgeChange(plain, each.parsed).length === 0 && judgeChange(each.parsed, plain).length === 0)
  .map(({ spec }) => spec);

/**
 * A few fields of those that may be changed, whichever the API has: what is over the example's spec then. One that does not
 * go with those before it is left out.
 */
export const anEdit: fc.Arbitrary<Spec> = fc.noBias(fc.shuffledSubarray([...CHANGEABLE], FEW)).map((fields) =>
  fields.reduce((before, field) => {
    const both = merged(before, field);
    return isValid(both) ? both : before;
  }, {}),
);

/** The edit with hosts that are the namespace's own. */
export function editOf(namespace: string, edit: Spec): Spec {
  return JSON.parse(JSON.stringify(edit).replaceAll("greenriver.example", `${namespace}.example`)) as Spec;
}

/** One spec over another, field by field; lists are put in each other's place. */
export function merged(before: Spec, after: Spec): Spec {
  const both = Object.entries(after).map(([key, value]) => {
    const old = before[key];
    return [key, isObject(old) && isObject(value) ? merged(old, value) : value];
  });
  return { ...before, ...(Object.fromEntries(both) as Spec) };
}

async function parsed(spec: Spec): Promise<PracticeSpec> {
  const result = parseSpec(await practiceFor("greenriver", spec));
  if (!result.ok) throw new Error(JSON.stringify(result.issues));
  return result.spec;
}

function isValid(spec: Spec): boolean {
  try {
    aPractice({ spec });
    return true;
  } catch {
    return false;
  }
}

function isObject(value: unknown): value is Spec {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
