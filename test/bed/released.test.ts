import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { run } from "./run.ts";
import { etcdVersion, kubernetesVersion, programs } from "./versions.ts";
import { downloadReleases, type ReleaseSites } from "./ways/released.ts";

// The real sites are not asked by any test: a local server with the same layout stands in for both.
const sha256 = (content: Buffer | string) => createHash("sha256").update(content).digest("hex");
const arch = process.arch === "x64" ? "amd64" : process.arch;

let folder: string;
let close: () => Promise<void>;
let files: Map<string, Buffer | string>;
let sites: ReleaseSites;

/** Serves `files`; a path that ends with `/silence` gets no answer at all. */
async function serve() {
  const server = createServer((request, response) => {
    const content = files.get(request.url ?? "");
    if (content === "silence") return;
    response.writeHead(content === undefined ? 404 : 200).end(content);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  close = async () => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function etcdArchive(): Promise<Buffer> {
  const name = `etcd-v${etcdVersion}-linux-${arch}`;
  await mkdir(join(folder, name));
  await writeFile(join(folder, name, "etcd"), "etcd", { mode: 0o755 });
  await run("tar", ["-czf", "etcd.tar.gz", name], { cwd: folder });
  return readFile(join(folder, "etcd.tar.gz"));
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "telehealth-released-"));
  const archive = await etcdArchive();
  const archiveName = `etcd-v${etcdVersion}-linux-${arch}.tar.gz`;
  files = new Map<string, Buffer | string>([
    [`/v${etcdVersion}/SHA256SUMS`, `${sha256("other")}  other.tar.gz\n${sha256(archive)}  ${archiveName}\n`],
    [`/v${etcdVersion}/${archiveName}`, archive],
  ]);
  for (const program of programs) {
    files.set(`/v${kubernetesVersion}/bin/linux/${arch}/${program}`, program);
    files.set(`/v${kubernetesVersion}/bin/linux/${arch}/${program}.sha256`, sha256(program));
  }
  const site = await serve();
  sites = { kubernetes: site, etcd: site, patience: 300 };
});

afterEach(async () => {
  await close();
  await rm(folder, { recursive: true });
});

const kubectlPath = `/v${kubernetesVersion}/bin/linux/${arch}/kubectl`;

describe("released programs", () => {
  it("are downloaded, checked and executable", async () => {
    const into = join(folder, "into");
    await downloadReleases(into, sites);
    for (const program of programs) {
      expect(await readFile(join(into, program), "utf8")).toBe(program);
      expect((await stat(join(into, program))).mode & 0o111).not.toBe(0);
    }
  });

  it("are refused when the checksum is another one", async () => {
    files.set(kubectlPath, "something else");
    await expect(downloadReleases(join(folder, "into"), sites)).rejects.toThrow("is the published one");
    expect(existsSync(join(folder, "into", "kubectl"))).toBe(false);
  });

  it("are refused when no checksum is published for them", async () => {
    files.set(`/v${etcdVersion}/SHA256SUMS`, `${sha256("other")}  other.tar.gz\n`);
    await expect(downloadReleases(join(folder, "into"), sites)).rejects.toThrow("do not name");
  });

  it("are given up when the site is silent", async () => {
    files.set(kubectlPath, "silence");
    await expect(downloadReleases(join(folder, "into"), sites)).rejects.toThrow("gave no answer for 0.3 s");
  });
});
