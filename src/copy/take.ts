import { createHash } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { PassThrough, Transform, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { unpackTar } from "modern-tar/fs";
import { COPY_HOST, DIGEST_HEADER, isPermitted, MEDIA } from "./part.ts";

/** What a restore's pod takes in. */
export interface Taken {
  readonly token: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Whether the part is one file, or an archive that becomes a folder. */
  readonly kind: "file" | "folder";
  /** Where it comes to lie. Nothing may be there yet. */
  readonly target: string;
}

/**
 * Takes one part in over HTTP on loopback: `PUT /part` with the SHA-256 that it must have. It comes to lie in its place
 * in one step, once it is whole; what is there already is never overwritten (409), what differs is thrown away (422).
 * @returns the port, and a promise that is kept when the part is in its place.
 */
export async function take({ token, port, kind, target }: Taken) {
  const server = createServer((request, response) => {
    const answer = (status: number) => void response.writeHead(status, { connection: "close" }).end();
    if (!isPermitted(request, token)) return answer(401);
    if (`${request.method} ${request.url}` !== "PUT /part") return answer(404);
    return void place(request, kind, target).then(
      (status) => {
        if (status === 204) response.on("finish", () => server.close());
        answer(status);
      },
      () => answer(500),
    );
  });
  server.listen(port, COPY_HOST);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    done: once(server, "close").then(() => undefined),
    close: () => server.close().closeAllConnections(),
  };
}

async function place(request: IncomingMessage, kind: Taken["kind"], target: string): Promise<number> {
  if (await exists(target)) return 409;
  const aside = `${target}.part`;
  await rm(aside, { recursive: true, force: true });
  const hash = createHash("sha256");
  const measured = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  try {
    await pipeline(request, measured, new PassThrough(), await sink(kind, aside));
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    throw error;
  }
  if (hash.digest("hex") !== request.headers[DIGEST_HEADER]) {
    await rm(aside, { recursive: true, force: true });
    return 422;
  }
  await rename(aside, target);
  return 204;
}

async function sink(kind: Taken["kind"], aside: string): Promise<Writable> {
  if (kind === "file") return createWriteStream(aside, { mode: 0o600 });
  await mkdir(aside, { mode: 0o750 });
  return unpackTar(aside, { filter: isUpload, fmode: 0o640, dmode: 0o750 });
}

/**
 * Plain files in the folders of uploads.
 * @throws Error for anything else: no backup of ours holds it. What is named beyond its folder the library refuses as well.
 */
function isUpload({ name, type }: { readonly name: string; readonly type?: string }): boolean {
  const [folder = "", ...path] = name.replace(/\/$/, "").split("/");
  const isPlain = type === "file" || type === "directory";
  if (isPlain && MEDIA.includes(folder) && !path.includes("..")) return true;
  throw new Error("The archive holds something that is no upload.");
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
