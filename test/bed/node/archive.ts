import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../run.ts";

export interface ImageSettings {
  readonly user: string;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Declared as upstream does: the runtime makes a writable folder at each, unless something is mounted there. */
  readonly volumes?: readonly string[];
  /** Where its programs start. */
  readonly folder?: string;
}

async function digest(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(file)) hash.update(piece as Buffer);
  return hash.digest("hex");
}

/** Packs a folder as a layer: everything belongs to root, whoever made it. */
export async function packLayer(folder: string, file: string): Promise<void> {
  await run("tar", ["-C", folder, "--owner=0", "--group=0", "--sort=name", "-cf", file, "."]);
}

/** Layers, lowest first, that are shared by several images of one archive. */
export interface ImageParts {
  readonly name: string;
  readonly layers: readonly string[];
  readonly settings: ImageSettings;
}

/**
 * Writes images as `docker save` does, without Docker: one archive with their layers, as containerd imports it. `into` is
 * a folder of its own; the archive in it is `image.tar`.
 */
export async function writeImages(into: string, images: readonly ImageParts[]): Promise<string> {
  await mkdir(into, { recursive: true });
  const layers = [...new Set(images.flatMap((image) => image.layers))];
  const digests = new Map(await Promise.all(layers.map(async (layer) => [layer, await digest(layer)] as const)));
  const manifest = await Promise.all(
    images.map(async ({ name, layers, settings }, index) => {
      const hashes = layers.map((layer) => digests.get(layer) ?? "");
      const config = `config-${index}.json`;
      await writeFile(join(into, config), JSON.stringify(configOf(settings, hashes)));
      return { Config: config, RepoTags: [name], Layers: hashes.map((hash) => `${hash}.tar`) };
    }),
  );
  await writeFile(join(into, "manifest.json"), JSON.stringify(manifest));
  const renamed = [...digests].map(([layer, hash]) => `--transform=s,^${layer.slice(1)}$,${hash}.tar,`);
  const own = ["manifest.json", ...manifest.map(({ Config }) => Config)];
  const archive = join(into, "image.tar");
  const content = ["-C", into, ...own, "-C", "/", ...layers.map((layer) => layer.slice(1))];
  await run("tar", ["-cf", archive, ...renamed, ...content]);
  return archive;
}

function configOf({ user, entrypoint, command, env = {}, volumes, folder }: ImageSettings, layers: readonly string[]) {
  return {
    architecture: process.arch === "arm64" ? "arm64" : "amd64",
    os: "linux",
    created: "1970-01-01T00:00:00Z",
    config: {
      User: user,
      ...(entrypoint && { Entrypoint: entrypoint }),
      ...(command && { Cmd: command }),
      ...(folder && { WorkingDir: folder }),
      Env: Object.entries(env).map(([key, value]) => `${key}=${value}`),
      ...(volumes && { Volumes: Object.fromEntries(volumes.map((path) => [path, {}])) }),
    },
    rootfs: { type: "layers", diff_ids: layers.map((hash) => `sha256:${hash}`) },
    history: layers.map(() => ({ created_by: "test bed" })),
  };
}

/** An image of one program that needs nothing else, as a user without rights. */
export async function writeProgramImage(into: string, name: string, program: string): Promise<string> {
  const root = join(into, "root");
  await mkdir(root, { recursive: true });
  await run("cp", ["-L", program, join(root, "program")]);
  await packLayer(root, join(into, "layer.tar"));
  const settings = { user: "65532", entrypoint: ["/program"] };
  return writeImages(into, [{ name, layers: [join(into, "layer.tar")], settings }]);
}
