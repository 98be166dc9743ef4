import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { chmod, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { run } from "../run.ts";
import { etcdVersion, kubernetesVersion } from "../versions.ts";

/** Where the two projects publish; mirrors of the same layout can be named through the environment. */
export interface ReleaseSites {
  readonly kubernetes: string;
  readonly etcd: string;
  /** Milliseconds without a byte after which a site counts as not there. */
  readonly patience: number;
}

function releaseSites(): ReleaseSites {
  return {
    kubernetes: process.env.KUBERNETES_RELEASES ?? "https://dl.k8s.io",
    etcd: process.env.ETCD_RELEASES ?? "https://github.com/etcd-io/etcd/releases/download",
    patience: 10_000,
  };
}

/** GETs with the patience counted anew for the answer and for each piece of it. */
async function get(url: string, patience: number): Promise<AsyncGenerator<Uint8Array>> {
  const silence = new AbortController();
  const giveUp = () => silence.abort(new Error(`${new URL(url).host} gave no answer for ${patience / 1000} s`));
  let timer = setTimeout(giveUp, patience);
  const answer = await fetch(url, { signal: silence.signal }).finally(() => clearTimeout(timer));
  if (!answer.ok || answer.body === null) throw new Error(`${url} answered ${answer.status}`);
  const body = answer.body;
  return (async function* () {
    try {
      timer = setTimeout(giveUp, patience);
      for await (const piece of body) {
        clearTimeout(timer);
        yield piece;
        timer = setTimeout(giveUp, patience);
      }
    } finally {
      clearTimeout(timer);
    }
  })();
}

async function getText(url: string, patience: number): Promise<string> {
  let text = "";
  for await (const piece of await get(url, patience)) text += Buffer.from(piece).toString("utf8");
  return text;
}

/** Downloads a file and refuses it unless its SHA-256 is the published one. */
async function download(url: string, sha256: string, file: string, patience: number): Promise<void> {
  const hash = createHash("sha256");
  const pieces = await get(url, patience);
  const hashed = async function* () {
    for await (const piece of pieces) {
      hash.update(piece);
      yield piece;
    }
  };
  await pipeline(Readable.from(hashed()), createWriteStream(file));
  const actual = hash.digest("hex");
  if (actual === sha256) return;
  await rm(file);
  throw new Error(`${url} has the checksum ${actual}, but ${sha256} is the published one`);
}

async function downloadEtcd(into: string, machine: string, { etcd, patience }: ReleaseSites): Promise<void> {
  const name = `etcd-v${etcdVersion}-${machine}`;
  const sums = await getText(`${etcd}/v${etcdVersion}/SHA256SUMS`, patience);
  const sum = sums
    .split("\n")
    .find((line) => line.endsWith(`  ${name}.tar.gz`))
    ?.split(" ")[0];
  if (sum === undefined) throw new Error(`the published checksums of etcd ${etcdVersion} do not name ${name}.tar.gz`);
  const archive = join(into, `${name}.tar.gz`);
  await download(`${etcd}/v${etcdVersion}/${name}.tar.gz`, sum, archive, patience);
  await run("tar", ["-xzf", archive, "-C", into, `${name}/etcd`]);
  await rename(join(into, name, "etcd"), join(into, "etcd"));
  await rm(join(into, name), { recursive: true });
  await rm(archive);
}

/** Puts the released programs into the folder, each checked against the checksum published beside it. */
export async function downloadReleases(into: string, sites: ReleaseSites = releaseSites()): Promise<void> {
  const machine = `linux-${process.arch === "x64" ? "amd64" : process.arch}`;
  await mkdir(into, { recursive: true });
  await downloadEtcd(into, machine, sites);
  for (const program of ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"]) {
    const url = `${sites.kubernetes}/v${kubernetesVersion}/bin/${machine.replace("-", "/")}/${program}`;
    const sum = (await getText(`${url}.sha256`, sites.patience)).trim();
    await download(url, sum, join(into, program), sites.patience);
    await chmod(join(into, program), 0o755);
  }
}
