import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { LiveObject, Manifest } from "../../src/manifest.ts";
import { cacheEntry, kept } from "./cache.ts";
import { goEnvironment, needGo } from "./go.ts";
import { withProgress } from "./progress.ts";
import { run } from "./run.ts";

const source = join(import.meta.dirname, "gitops");
const inputs = ["main.go", "go.mod", "go.sum"].map((file) => readFileSync(join(source, file), "utf8"));

/** Builds the program around Argo CD's engine and kstatus; returns its folder. Needs Go the first time. */
export function provisionGitOps(): Promise<string> {
  return kept(cacheEntry("gitops", inputs), (into) =>
    withProgress("building Argo CD's engine and kstatus from Go modules (cold up to 5 min)", async () => {
      await needGo();
      const flags = ["-mod=readonly", "-ldflags", "-s -w", "-o", join(into, "gitops")];
      await run("go", ["build", ...flags, "."], { cwd: source, env: goEnvironment });
    }),
  );
}

async function ask<T>(args: readonly string[], objects: readonly object[]): Promise<T> {
  const program = join(await provisionGitOps(), "gitops");
  return JSON.parse(await run(program, args, { input: JSON.stringify(objects) })) as T;
}

/** Applies objects as a sync of Argo CD does, by `kubectl apply` on the client's or the server's side. */
export function argoApplies(kubeconfig: string, side: "client" | "server", objects: readonly Manifest[]) {
  return ask<string[]>(["apply", side, kubeconfig], objects);
}

/** What one way of comparing found about one object. */
export interface Comparison {
  /** `Kind/name`. */
  readonly object: string;
  readonly way: string;
  readonly modified: boolean;
  readonly live: unknown;
  readonly predicted: unknown;
}

/**
 * Compares objects with the live ones in each way that Argo CD has: three-way merge, structured merge, and a dry-run apply
 * compared with what is live, without and with what the server itself changes.
 */
export function argoCompares(kubeconfig: string, objects: readonly Manifest[]): Promise<Comparison[]> {
  return ask(["diff", kubeconfig], objects);
}

/** What kstatus calls an object, and why. */
export interface Judgement {
  readonly status: "Current" | "Failed" | "InProgress" | "NotFound" | "Terminating" | "Unknown";
  readonly message: string;
}

/** What Flux, and every other user of kstatus, takes these objects for. */
export function kstatusOf(objects: readonly LiveObject[]): Promise<Judgement[]> {
  return ask(["kstatus"], objects);
}
