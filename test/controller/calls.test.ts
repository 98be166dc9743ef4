import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { ask, askProsody } from "../../src/controller/calls.ts";
import { somePractice } from "../support/practice.ts";

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Answers every question in one way; `undefined`: never. */
async function prosody(status: number, body?: string): Promise<string> {
  server = createServer((_, response) => {
    if (body !== undefined) response.writeHead(status, { location: "/elsewhere" }).end(body);
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/practice/busy`;
}

describe("the question whether somebody is in a call", () => {
  it("is answered with no by that one answer", async () => {
    expect(await ask(await prosody(200, '{"busy":false}'))).toBe(false);
  });

  it.each([
    ["yes", 200, '{"busy":true}'],
    ["something else", 200, '{"busy":"false"}'],
    ["nothing", 200, ""],
    ["null", 200, "null"],
    ["no JSON", 200, "busy: false"],
    ["not found", 404, '{"busy":false}'],
    ["another address", 302, '{"busy":false}'],
    ["no answer in time", 200, undefined],
  ])("counts %s as yes", async (_, status, body) => {
    expect(await ask(await prosody(status, body))).toBe(true);
  });

  it("counts nobody there as yes, as outside of the cluster", async () => {
    expect(await ask("http://127.0.0.1:1/practice/busy")).toBe(true);
    expect(await askProsody(somePractice({ namespace: "nowhere" }))).toBe(true);
  });
});
