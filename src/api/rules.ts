import { z } from "zod";

/**
 * A rule that a schema's type cannot say. It is judged twice: by the API server in CEL and by us in TypeScript,
 * so the two are written side by side and `test/corpus` holds them to the same verdict.
 */
export interface Rule<T> {
  /** Over `self`, within the cost limits of Kubernetes' CEL. */
  readonly cel: string;
  /** The twin of `cel`. */
  readonly holds: (self: T) => boolean;
  /** What is wrong, why, and what to do; for the practice's admin. */
  readonly message: string;
  /** The field to blame, below the object that carries the rule. */
  readonly field?: readonly string[];
}

/** A rule on a change of an object; the API server judges it on updates only. */
export interface ChangeRule<T> extends Omit<Rule<T>, "holds"> {
  /** The twin of `cel`, which speaks of `self` and `oldSelf`. */
  readonly allows: (self: T, oldSelf: T) => boolean;
}

/** Attaches rules to a schema, with their CEL twins. The only place that refines a schema. */
export function ruled<S extends z.ZodType>(
  schema: S,
  rules: readonly Rule<z.output<S>>[],
  changes: readonly ChangeRule<z.output<S>>[] = [],
): S {
  let refined: z.ZodType = schema;
  for (const { holds, message, field } of rules) {
    refined = refined.refine((value) => holds(value as z.output<S>), { message, path: [...(field ?? [])] });
  }
  return refined.meta({
    "x-kubernetes-validations": [...rules, ...changes].map(({ cel, message, field }) => ({
      rule: cel,
      message,
      ...(field && { fieldPath: `.${field.join(".")}` }),
    })),
  }) as S;
}

type Sibling<T> = Extract<keyof T, string>;

/**
 * Optional siblings of which exactly one is given. Also where leaving the whole object out means the operator's default:
 * the API server drops nulls, so `external:` without `{}` would else silently be that default.
 */
export function exactlyOne<T extends object>(siblings: readonly Sibling<T>[]): Rule<T> {
  return {
    cel: `[${siblings.map((sibling) => `has(self.${sibling})`).join(", ")}].filter(given, given).size() == 1`,
    holds: (self) => siblings.filter((sibling) => self[sibling] !== undefined).length === 1,
    message: `Give exactly one of ${siblings.join(", ")}.`,
  };
}
