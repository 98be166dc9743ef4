import type { Manifest } from "../manifest.ts";

/** A label selector as Kubernetes spells it. */
export interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>> | undefined;
  readonly matchExpressions?:
    | readonly {
        readonly key: string;
        readonly operator: string;
        readonly values?: readonly string[] | undefined;
      }[]
    | undefined;
}

type Labels = Readonly<Record<string, string>>;

/** Whether a selector selects an object with these labels. The empty one selects everything. */
export function selects({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      const isIn = value !== undefined && values.includes(value);
      if (operator === "In") return isIn;
      if (operator === "NotIn") return !isIn;
      return operator === "Exists" ? value !== undefined : value === undefined;
    })
  );
}

export function ofKind(objects: readonly Manifest[], ...kinds: readonly string[]): Manifest[] {
  return objects.filter(({ kind }) => kinds.includes(kind));
}
