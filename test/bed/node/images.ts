import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Images } from "../../../src/versions.ts";
import { cacheEntry, kept } from "../cache.ts";
import { provisionCertManager } from "../cert-manager.ts";
import { provisionIngress } from "../ingress.ts";
import { withProgress } from "../progress.ts";
import { run } from "../run.ts";
import { type ImageParts, packLayer, writeImages } from "./archive.ts";
import {
  writeIngressRoot,
  writeNodeRoot,
  writeOperatorRoot,
  writePagesRoot,
  writeProgramsRoot,
  writeSolverRoot,
  writeStandInRoot,
} from "./root.ts";

/** What the operator is told to use: it finds each program where the image of upstream has it. */
export const BED_IMAGES: Images = {
  jitsiWeb: "bed.local/nginx-with-stand-in-for-jitsi:1",
  prosody: "bed.local/prosody:1",
  jicofo: "bed.local/stand-in-for-jicofo:1",
  jvb: "bed.local/stand-in-for-jvb:1",
  synapse: "bed.local/synapse:1",
  postgres: "bed.local/postgres:1",
  element: "bed.local/nginx-with-stand-in-for-element:1",
  operator: "bed.local/telehealth-operator:1",
};

/** For pods of tests: Node and nothing of ours. */
export const TOOL_IMAGE = "bed.local/tool:1";

/** haproxy-ingress and HAProxy, for the front door as a pod. */
export const INGRESS_IMAGE = "bed.local/haproxy-ingress:1";

/** What cert-manager runs to answer a challenge; the chart's admission policies know it by this name. */
export const SOLVER_IMAGE = "bed.local/cert-manager-acmesolver:1";

const POSTGRES_BIN = "/usr/lib/postgresql/15/bin";
const PATH = `/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin:${POSTGRES_BIN}`;

/** Of all that the operator's own image is made of: it is made again when a line changes. */
async function ownFiles(): Promise<string> {
  const hash = createHash("sha256");
  const files = ["package-lock.json", "Dockerfile"];
  for (const entry of await readdir("src", { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) files.push(join(entry.parentPath, entry.name));
  }
  for (const file of files.toSorted()) hash.update(`${file}\n`).update(readFileSync(file));
  return hash.digest("hex");
}

const source = (name: string) => readFileSync(join(import.meta.dirname, name), "utf8");

async function layer(name: string, inputs: readonly string[], write: (root: string) => Promise<void>): Promise<string> {
  const folder = await kept(cacheEntry(`layer-${name}`, [source("root.ts"), ...inputs]), (into) =>
    withProgress(`files of the image layer ${name}`, async () => {
      const root = join(into, "root");
      await mkdir(root);
      await write(root);
      await packLayer(root, join(into, "layer.tar"));
      await run("rm", ["-rf", root]);
    }),
  );
  return join(folder, "layer.tar");
}

/**
 * The archive with all images of a practice and of what stands before it, made of packages of the distribution, PyPI, npm
 * and Go modules. No registry of images is asked.
 */
export async function practiceArchive(): Promise<string> {
  const programs = await layer("programs", [], writeProgramsRoot);
  const node = await layer("node", [process.version], writeNodeRoot);
  const operator = await layer("operator", [await ownFiles()], writeOperatorRoot);
  const standIn = await layer("stand-in", [source("stand-in.js")], writeStandInRoot);
  const controller = await provisionIngress();
  const ingress = await layer("ingress", [controller], (root) => writeIngressRoot(root, controller));
  const certManager = await provisionCertManager();
  const solver = await layer("solver", [certManager], (root) => writeSolverRoot(root, certManager));
  const page = ["index.html"];
  const jitsi = await layer("jitsi", page, (root) => writePagesRoot(root, "usr/share/jitsi-meet", page));
  const element = await layer("element", page, (root) => writePagesRoot(root, "app", page));
  const env = { PATH };
  const image = (name: string, user: string, layers: readonly string[], more = {}): ImageParts => ({
    name,
    layers: [programs, ...layers],
    settings: { user, env, ...more },
  });
  const volumes = ["/config"];
  const images = [
    image(BED_IMAGES.jitsiWeb, "0", [jitsi], { volumes: [...volumes, "/usr/share/jitsi-meet/transcripts"] }),
    image(BED_IMAGES.prosody, "0", [], { volumes }),
    image(BED_IMAGES.jicofo, "0", [node, standIn], { volumes }),
    image(BED_IMAGES.jvb, "0", [node, standIn], { volumes }),
    image(BED_IMAGES.synapse, "0", []),
    image(BED_IMAGES.postgres, "0", [], { volumes: ["/var/lib/postgresql/data"] }),
    image(BED_IMAGES.element, "0", [element]),
    image(BED_IMAGES.operator, "65532:65532", [node, operator], {
      folder: "/app",
      entrypoint: ["node", "src/main.ts"],
      command: ["help"],
    }),
    image(TOOL_IMAGE, "65532:65532", [node], { entrypoint: ["node"] }),
    image(INGRESS_IMAGE, "65532:65532", [ingress], { entrypoint: ["sh", "/start.sh"] }),
    { name: SOLVER_IMAGE, layers: [solver], settings: { user: "65532:65532", entrypoint: ["/acmesolver"] } },
  ];
  const inputs = images.flatMap(({ name, layers, settings }) => [name, ...layers, JSON.stringify(settings)]);
  const folder = await kept(cacheEntry("images", inputs), async (into) => {
    await withProgress("the images of a practice", () => writeImages(into, images));
  });
  return join(folder, "image.tar");
}
