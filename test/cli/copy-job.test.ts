import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { expect, it } from "vitest";
import { otherHalf } from "../../src/cli/copy-job.ts";

it("waits for a program in a pod that runs but does not listen yet, before it sends anything", async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.writeHead(request.url === "/done" ? 204 : 404).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  let refused = 0;
  const open = async (): Promise<Socket> => connect(refused++ < 1 ? 1 : port, "127.0.0.1"); // nobody listens on port 1
  await otherHalf(open, randomBytes(32).toString("hex")).post("/done");
  expect(asked).toEqual(["GET /", "POST /done"]);
  server.close();
});
