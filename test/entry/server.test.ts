import { connect } from "node:net";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EntryServer, serveEntry } from "../../src/entry/server.ts";

let entry: EntryServer;
beforeAll(async () => {
  entry = await serveEntry({ port: 0, host: "127.0.0.1", locale: "de", imprintUrl: 'https://a.example/?"><script>' });
});
afterAll(() => entry.close());

const get = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${entry.port}${path}`, init);

describe("the entry page", () => {
  it("says in the practice's language that it is a placeholder", async () => {
    const page = await get("/?from=somewhere");
    expect(page.status).toBe(200);
    expect(await page.text()).toContain("Diese Seite ist ein Platzhalter.");
  });

  it("loads nothing from anywhere else and runs no script", async () => {
    const page = await get("/");
    expect(page.headers.get("content-security-policy")).toMatch(/^default-src 'none'; style-src 'self';/);
    const html = await page.text();
    expect(html).not.toContain("<script");
    expect([...html.matchAll(/(?:src|href)="(https?:[^"]*)"/g)].map(([, url]) => url)).toEqual([
      "https://a.example/?&quot;&gt;&lt;script&gt;",
    ]);
    expect((await get("/style.css")).headers.get("content-type")).toBe("text/css; charset=utf-8");
  });

  it("answers its probe, and 404 or 405 to everything else", async () => {
    expect((await get("/-/ready")).status).toBe(200);
    expect((await get("/admin")).status).toBe(404);
    expect((await get("/", { method: "POST" })).status).toBe(405);
  });

  it("survives a request line that is no address", async () => {
    const socket = connect(entry.port, "127.0.0.1");
    await once(socket, "connect");
    socket.end("GET //[ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 404 /);
    expect((await get("/-/ready")).status).toBe(200);
  });
});
