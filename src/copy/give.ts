import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Readable } from "node:stream";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { packTar, type TarSource } from "modern-tar/fs";
import { COPY_HOST, isPermitted, MEDIA } from "./part.ts";

/** What a backup's pod hands out. */
export interface Given {
  readonly token: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** The dump of the database, a file. */
  readonly database: string;
  /** Synapse's folder of uploads; it may not be there yet. */
  readonly media: string;
}

/**
 * Hands the two parts out over HTTP on loopback: `GET /database`, `GET /media` (a tar archive), and `POST /done`, which
 * ends it. Logs nothing.
 * @returns the port, and a promise that is kept when it is done.
 */
export async function give({ token, port, database, media }: Given) {
  const server = createServer((request, response) => {
    if (!isPermitted(request, token)) return void response.writeHead(401).end();
    const asked = `${request.method} ${request.url}`;
    if (asked === "GET /database") return void send(response, createReadStream(database));
    if (asked === "GET /media") return void mediaSources(media).then((found) => send(response, packTar(found)));
    if (asked !== "POST /done") return void response.writeHead(404).end();
    return void response.writeHead(204, { connection: "close" }).end(() => server.close());
  });
  server.listen(port, COPY_HOST);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    done: once(server, "close").then(() => undefined),
    close: () => server.close().closeAllConnections(),
  };
}

/** A body that breaks off is never taken for a whole one: the connection is cut. */
async function send(response: ServerResponse, body: Readable): Promise<void> {
  await pipeline(body, response).catch(() => response.destroy());
}

async function mediaSources(folder: string): Promise<TarSource[]> {
  const found = await Promise.all(
    MEDIA.map(async (name): Promise<TarSource[]> => {
      const source = join(folder, name);
      const there = await stat(source).then(
        (entry) => entry.isDirectory(),
        () => false,
      );
      return there ? [{ type: "directory", source, target: name }] : [];
    }),
  );
  return found.flat();
}
