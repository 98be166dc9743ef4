import { Agent, request } from "undici";
import { afterEach, describe, expect, it } from "vitest";
import { apiClient, type ApiClient } from "../bed/api.ts";
import { bed, newNamespace } from "../support/bed.ts";
import { startProxy, type Fault, type Proxy, type ProxiedRequest } from "../support/proxy.ts";

const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

async function through(fault?: (request: ProxiedRequest) => Fault | undefined): Promise<[ApiClient, Proxy, string]> {
  const proxy = await startProxy(bed, fault);
  const client = apiClient(proxy.connection);
  opened.push(proxy.stop, () => client.close());
  return [client, proxy, `/api/v1/namespaces/${await newNamespace()}/configmaps`];
}

const settings = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings" } };

describe("the proxy in front of the API server", () => {
  it("passes requests on and counts those that write", async () => {
    const [client, proxy, path] = await through();
    expect((await client.request("POST", path, settings)).status).toBe(201);
    expect((await client.request("GET", `${path}/settings`)).status).toBe(200);
    expect((await client.request("DELETE", `${path}/settings?dryRun=All`)).status).toBe(200);
    expect(proxy.requests.map(({ method, writes }) => `${method} ${writes}`)).toEqual(["POST 1", "GET 1", "DELETE 1"]);
  });

  it.each([
    ["before", 404],
    ["after", 200],
  ] as const)("cuts the connection %s the first write took effect", async (moment, status) => {
    const cuts: string[] = [];
    const [client, , path] = await through(({ isWrite, writes }) =>
      isWrite && writes === 1 ? { kind: "cut", moment, onCut: () => cuts.push(moment) } : undefined,
    );
    await expect(client.request("POST", path, settings)).rejects.toThrow(/closed|reset/);
    expect(cuts).toEqual([moment]);
    expect((await client.request("GET", `${path}/settings`)).status).toBe(status);
  });

  it.each([410, 429, 503])("answers %i in the place of the API server", async (status) => {
    const [client, , path] = await through(() => ({ kind: "answer", status, reason: "Said", retryAfter: 1 }));
    const answer = await client.request("GET", path);
    expect(answer).toEqual({ status, body: expect.objectContaining({ kind: "Status", code: status, reason: "Said" }) });
  });

  it("delays", async () => {
    const [client, , path] = await through(() => ({ kind: "delay", milliseconds: 300 }));
    const start = performance.now();
    await client.request("GET", path);
    expect(performance.now() - start).toBeGreaterThan(290);
  });

  it("leaves a token's rights as they are", async () => {
    const [, proxy, path] = await through();
    const answer = await fetchAs(proxy, "no-such-token", path);
    expect(answer).toBe(401);
  });
});

/** Status of a GET with a bearer token and no client certificate. */
async function fetchAs(proxy: Proxy, token: string, path: string): Promise<number> {
  const dispatcher = new Agent({ connect: { ca: proxy.connection.ca } });
  const headers = { authorization: `Bearer ${token}` };
  const answer = await request(proxy.connection.server + path, { dispatcher, headers });
  await answer.body.dump();
  await dispatcher.close();
  return answer.statusCode;
}
