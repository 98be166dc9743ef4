import { readFileSync } from "node:fs";
import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { parseAllDocuments } from "yaml";
import { parseSpec, type PracticeSpec } from "../api/practice.ts";
import { KIND } from "../api/group.ts";
import type { Manifest } from "../manifest.ts";
import { BadInput } from "./bad-input.ts";

/** Parses a command's arguments. @throws BadInput for an unknown flag or a missing value. */
export function argumentsOf<Options extends ParseArgsOptionsConfig>(argv: readonly string[], options: Options) {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new BadInput(`${error instanceof Error ? error.message : String(error)}. See \`telehealth help\`.`);
  }
}

export interface PracticeInput {
  readonly resource: Manifest & { metadata: { namespace: string } };
  readonly spec: PracticeSpec;
}

/**
 * Reads the practices of a YAML file, or of standard input for `-`. Other kinds in it (the Namespace) are passed over.
 * @throws BadInput naming the file, the path in it and the problem.
 */
export function readPractices(file: string | undefined): PracticeInput[] {
  if (!file) throw new BadInput("Name a manifest with -f FILE, or -f - to read standard input.");
  const practices = documentsOf(file).filter((object) => object?.kind === KIND);
  if (practices.length === 0) throw new BadInput(`${file} holds no ${KIND}. See examples/solo.yaml for one.`);
  return practices.map((practice) => {
    const resource = { ...practice, metadata: { namespace: "default", ...practice.metadata } };
    const parsed = parseSpec(resource);
    if (!parsed.ok) {
      const problems = parsed.issues.map(({ path, message }) => `  ${path}: ${message}`).join("\n");
      throw new BadInput(`${file}, ${KIND}/${practice.metadata?.name ?? "?"} cannot be used:\n${problems}`);
    }
    return { resource, spec: parsed.spec };
  });
}

function documentsOf(file: string): Manifest[] {
  const text = readText(file);
  return parseAllDocuments(text).map((document) => {
    const [problem] = document.errors;
    if (problem) throw new BadInput(`${file} is not valid YAML: ${problem.message}`);
    return document.toJS() as Manifest;
  });
}

/** @throws BadInput when the file cannot be read. */
export function readText(file: string): string {
  try {
    return readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    throw new BadInput(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
