import { run } from "./run.ts";

/** Go's environment for every build of the bed: always the same flags, so that its build cache serves all of them. */
export const goEnvironment = { CGO_ENABLED: "0", GOFLAGS: "-trimpath -buildvcs=false", GOWORK: "off" };

/** Throws one sentence when Go cannot be called. */
export async function needGo(): Promise<void> {
  await run("go", ["version"]).catch(() => {
    throw new Error("Go is not installed");
  });
}

/** Downloads a Go module, checked against Go's checksum database, and returns the folder with its files (read-only). */
export async function goModule(module: string, version: string): Promise<string> {
  const answer = await run("go", ["mod", "download", "-json", `${module}@${version}`], {
    cwd: "/",
    env: goEnvironment,
  });
  return (JSON.parse(answer) as { Dir: string }).Dir;
}

/** Builds one program out of a module that needs no replacements, as `go install` does. */
export async function goInstall(path: string, version: string, into: string): Promise<void> {
  const env = { ...goEnvironment, GOBIN: into };
  await run("go", ["install", "-ldflags", "-s -w", `${path}@${version}`], { cwd: "/", env });
}
