import { join } from "node:path";
import { unpackedPackages } from "../apps/support/debian.ts";
import { run, type RunOptions } from "./run.ts";

/** Fetches the distribution's Prometheus; returns the path of its own checker of rules. */
export async function provisionPromtool(): Promise<string> {
  return join(await unpackedPackages("prometheus", ["prometheus"]), "usr", "bin", "promtool");
}

/** Runs promtool and returns what it prints; what it finds wrong is thrown. */
export async function promtool(args: readonly string[], options: RunOptions = {}): Promise<string> {
  return run(await provisionPromtool(), args, options);
}
