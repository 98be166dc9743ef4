import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Agent } from "undici";
import { FIELD_MANAGER } from "../../../src/api/group.ts";
import type { Manifest } from "../../../src/manifest.ts";
import { pathOf, resourceOf } from "../../../src/runtime/resources.ts";
import type { Connection } from "../../bed/api.ts";
import { watchAndDrop } from "./dropping.ts";

/**
 * The floor: sends every object of a folder by server-side apply, so many at a time, and does nothing else; or watches them as
 * well, without a look at what comes.
 */

interface Order {
  readonly connection: Connection;
  readonly objects: string;
  readonly concurrency: number;
  readonly watches: boolean;
}

process.once("disconnect", () => process.exit(0));
process.once("message", (order: Order) => void prepare(order));

async function prepare({ connection, objects, concurrency, watches }: Order): Promise<void> {
  const requests = await load(objects);
  const { server: origin, ca, cert, key } = connection;
  const agent = new Agent({ allowH2: false, connections: concurrency, connect: { ca, cert, key } });
  if (watches) await watchAndDrop(connection).told;
  process.once("message", () => void send());
  process.send?.("ready");

  async function send(): Promise<void> {
    const left = requests.values();
    const work = async () => {
      for (const { path, body } of left) {
        const headers = { "content-type": "application/apply-patch+yaml", accept: "application/json" };
        const query = { fieldManager: FIELD_MANAGER, force: "true", fieldValidation: "Strict" };
        const answer = await agent.request({ origin, path, method: "PATCH", query, headers, body });
        const text = await answer.body.text();
        if (answer.statusCode >= 300) throw new Error(`${path}: ${answer.statusCode} ${text}`);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, work));
    process.send?.("done");
  }
}

async function load(folder: string): Promise<{ path: string; body: string }[]> {
  const names = await readdir(folder, { recursive: true });
  const files = names.filter((name) => name.endsWith(".json")).toSorted();
  const requests: { path: string; body: string }[] = [];
  for (const file of files) {
    const body = await readFile(join(folder, file), "utf8");
    const object = JSON.parse(body) as Manifest;
    requests.push({ path: pathOf(resourceOf(object), object.metadata), body });
  }
  return requests;
}
