import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, request, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import type { Duplex } from "node:stream";
import { dirname, join } from "node:path";
import { LABEL } from "../../../src/api/group.ts";
import type { Params } from "../../../src/components/component.ts";
import { front } from "../../../src/components/front/front.ts";
import { freePort } from "../../bed/ports.ts";
import { processGroup } from "../../bed/processes.ts";
import { run } from "../../bed/run.ts";
import { waitFor } from "../../bed/wait.ts";
import { commandLine, nginx } from "./programs.ts";
import { relocated } from "./relocate.ts";
import type { Edit } from "./signalling.ts";

/** What a backend was asked. */
export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** What the edge gets as an answer. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export type Front = Awaited<ReturnType<typeof startFront>>;

const BACKENDS = ["signalling", "synapse", "entry"] as const;
type Backend = (typeof BACKENDS)[number];

/**
 * Starts the real nginx twice, as the two containers of the front pod, on the rendered files; backends are
 * listeners that write down what they are asked, or the real ones of `real`. `pages` and `element` are the images'
 * static files; `webRoot` and `elementRoot` are the whole folders of the images, where they are at hand, and `edit`
 * takes a defence out of the front's own file.
 */
export async function startFront(
  params: Params,
  files: {
    readonly pages: Readonly<Record<string, string>>;
    readonly element: Readonly<Record<string, string | Uint8Array>>;
  },
  real: {
    readonly signallingPort?: number;
    readonly synapsePort?: number;
    readonly entryPort?: number;
    readonly webRoot?: string;
    readonly elementRoot?: string;
    readonly edit?: Edit;
  } = {},
) {
  const program = await nginx();
  const folder = await mkdtemp(join(tmpdir(), "front-"));
  const ports = { front: await freePort(), element: await freePort() };
  const backends = Object.fromEntries(
    await Promise.all(BACKENDS.map(async (name) => [name, await backend(name)] as const)),
  ) as Record<Backend, Awaited<ReturnType<typeof backend>>>;

  const maps = rendered(params);
  const common = { "/etc/nginx/": `${program.etc}/` };
  const frontConf = relocated(maps["front-nginx"]["nginx.conf"] ?? "", {
    ...common,
    "/tmp/": join(folder, "tmp/"),
    "/etc/jitsi/web/": join(folder, "web/"),
    "/usr/share/jitsi-meet": real.webRoot ?? join(folder, "pages"),
    "127.0.0.1:8081": `127.0.0.1:${ports.element}`,
    "listen 8080": `listen 127.0.0.1:${ports.front}`,
    [`${params.practice.names.signalling}:5280`]: `127.0.0.1:${real.signallingPort ?? backends.signalling.port}`,
    [`${params.practice.names.synapse}:8008`]: `127.0.0.1:${real.synapsePort ?? backends.synapse.port}`,
    [`${params.practice.names.entry}:8080`]: `127.0.0.1:${real.entryPort ?? backends.entry.port}`,
  });
  const elementConf = relocated(maps["front-element"]["nginx.conf"] ?? "", {
    ...common,
    "/tmp/": join(folder, "element-tmp/"),
    "/etc/element/": join(folder, "element/"),
    "root /app": `root ${real.elementRoot ?? join(folder, "app")}`,
    "127.0.0.1:8081": `127.0.0.1:${ports.element}`,
  });
  await write(folder, {
    "nginx.conf": real.edit?.("nginx.conf", frontConf) ?? frontConf,
    "element.conf": elementConf,
    ...under("web", maps["front-web"]),
    ...under("element", maps["front-element"]),
    ...under("pages", files.pages),
    ...under("app", files.element),
    "tmp/.keep": "",
    "element-tmp/.keep": "",
  });

  const group = processGroup(folder);
  // One process, so that ending it ends everything; as root also nginx' workers read this test's files.
  const directives = `daemon off; master_process off;${process.getuid?.() === 0 ? " user root;" : ""}`;
  const start = (name: string, configuration: string) => {
    const args = ["-e", "stderr", "-c", join(folder, configuration), "-g", directives];
    return group.start(name, ...commandLine(program, args));
  };
  const programs = { element: start("element", "element.conf"), front: start("front", "nginx.conf") };
  const ask = asker(ports.front);
  await waitFor(
    async () => {
      const dead = ["element", "front"].find((name) => programs[name as keyof typeof programs].ended());
      return dead !== undefined || (await ask("unknown.example", "/-/ready")).status === 200;
    },
    { interval: 20, what: "nginx" },
  );
  for (const [name, { ended }] of Object.entries(programs)) {
    if (ended()) throw new Error(`nginx (${name}) ${ended()}: ${group.tail(name)}`);
  }

  return {
    ask,
    port: ports.front,
    elementPort: ports.element,
    asked: (name: Backend) => backends[name].asked,
    log: async () =>
      (await readFile(join(folder, "log", "front.log"), "utf8")) +
      (await readFile(join(folder, "log", "element.log"), "utf8")),
    /** `nginx -t`; what it says about both files. */
    check: async () => {
      const test = (file: string) =>
        run("sh", [
          "-c",
          `"$@" 2>&1`,
          "sh",
          ...flat(commandLine(program, ["-e", "stderr", "-t", "-c", join(folder, file)])),
        ]);
      return (await test("nginx.conf")) + (await test("element.conf"));
    },
    /** What a backend answers from now on. */
    answerWith: (name: Backend, type: string, body: string, status?: number) =>
      backends[name].answerWith(type, body, status),
    /** Websockets that stay open until they are released. */
    hold: (host: string, path: string, count: number) => hold(ports.front, host, path, count),
    stopBackend: (name: Backend) => backends[name].stop(),
    stop: async () => {
      await group.stop();
      await Promise.all(BACKENDS.map((name) => backends[name].stop()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function flat([command, args]: [string, string[]]): string[] {
  return [command, ...args];
}

/** Asks with the path exactly as given: `fetch` would tidy it up first. */
function asker(port: number) {
  return (
    host: string,
    path: string,
    {
      method = "GET",
      headers = {},
      body = "",
    }: { method?: string; headers?: Record<string, string>; body?: string } = {},
  ) =>
    new Promise<Answer>((resolve, reject) => {
      const options = { port, host: "127.0.0.1", path, method, headers: { ...headers, host } };
      const outgoing = request(options, (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (more: string) => (text += more));
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }));
      });
      outgoing.on("error", reject);
      outgoing.on("upgrade", (answer, socket) => {
        socket.destroy();
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: "" });
      });
      outgoing.end(body);
    });
}

async function hold(port: number, host: string, path: string, count: number) {
  const open = () =>
    new Promise<Duplex>((resolve, reject) => {
      const headers = { host, connection: "Upgrade", upgrade: "websocket" };
      const outgoing = request({ port, host: "127.0.0.1", path, headers, agent: false });
      outgoing.on("upgrade", (_, socket) => resolve(socket));
      outgoing.on("response", ({ statusCode }) => reject(new Error(`HTTP ${statusCode}`)));
      outgoing.on("error", reject);
      outgoing.end();
    });
  const sockets = await Promise.all(Array.from({ length: count }, open));
  return { release: () => sockets.forEach((socket) => socket.destroy()) };
}

/** RFC 6455, 4.2.2: proxies look at it. */
function acceptOf(key: string): string {
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}

async function backend(name: string) {
  const asked: Asked[] = [];
  const sockets = new Set<Duplex>();
  let [type, body, status] = ["text/plain", name, 200];
  const server = createServer((message, answer) => {
    let text = "";
    message.setEncoding("utf8").on("data", (more: string) => (text += more));
    message.on("end", () => {
      asked.push({ method: message.method ?? "", url: message.url ?? "", headers: message.headers, body: text });
      answer.writeHead(status, { "content-type": type, "x-powered-by": "test", "x-backend": name }).end(body);
    });
  });
  server.on("upgrade", (message, socket) => {
    asked.push({ method: "UPGRADE", url: message.url ?? "", headers: message.headers, body: "" });
    const accepted = acceptOf(message.headers["sec-websocket-key"] ?? "");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accepted}\r\n\r\n`,
    );
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = () =>
    new Promise<void>((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      server.close(() => resolve());
    });
  const answerWith = (newType: string, newBody: string, newStatus = 200) => {
    [type, body, status] = [newType, newBody, newStatus];
  };
  return { asked, port: (server.address() as AddressInfo).port, answerWith, stop };
}

function rendered(params: Params): Record<"front-nginx" | "front-web" | "front-element", Record<string, string>> {
  const maps = front.build(params).filter((object) => object.kind === "ConfigMap");
  return Object.fromEntries(
    maps.map((map) => [map.metadata.labels?.[LABEL.component], map.data as Record<string, string>]),
  ) as ReturnType<typeof rendered>;
}

function under<Content>(folder: string, files: Readonly<Record<string, Content>>): Record<string, Content> {
  return Object.fromEntries(Object.entries(files).map(([name, content]) => [`${folder}/${name}`, content]));
}

async function write(folder: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}
