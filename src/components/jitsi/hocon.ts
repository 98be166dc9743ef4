import type { Settings } from "../merge.ts";

/** A value that the program takes from its environment when it starts, so that no secret stands in a file. */
export class FromEnvironment {
  readonly variable: string;

  constructor(variable: string) {
    if (!/^[A-Z][A-Z0-9_]*$/.test(variable)) throw new Error(`${variable} is no name of an environment variable`);
    this.variable = variable;
  }
}

export function fromEnvironment(variable: string): FromEnvironment {
  return new FromEnvironment(variable);
}

/**
 * Settings as HOCON: JSON, which every HOCON parser reads, and `${VARIABLE}` for what comes from the environment.
 * Inside quotes HOCON substitutes nothing, so no string can become a substitution or an include.
 */
export function hocon(settings: Settings): string {
  return `${value(settings, "")}\n`;
}

function value(item: unknown, indent: string): string {
  if (item instanceof FromEnvironment) return `\${${item.variable}}`;
  if (Array.isArray(item))
    return list(
      "[",
      item.map((element) => value(element, `${indent}  `)),
      "]",
      indent,
    );
  if (typeof item === "object" && item !== null) {
    const entries = Object.entries(item).map(
      ([key, below]) => `${JSON.stringify(key)}: ${value(below, `${indent}  `)}`,
    );
    return list("{", entries, "}", indent);
  }
  return JSON.stringify(item);
}

function list(open: string, items: readonly string[], close: string, indent: string): string {
  if (items.length === 0) return open + close;
  return `${open}\n${items.map((item) => `${indent}  ${item}`).join(",\n")}\n${indent}${close}`;
}
