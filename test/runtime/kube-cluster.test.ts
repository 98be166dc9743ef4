import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LiveObject, Manifest } from "../../src/manifest.ts";
import { ApiError } from "../../src/runtime/errors.ts";
import { createCluster } from "../../src/runtime/kube-cluster.ts";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { createTransport, type Transport } from "../../src/runtime/transport.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { quickClock } from "../support/quick-clock.ts";
import { type ScriptedServer, startScriptedServer } from "../support/scripted-server.ts";

const WALL: Manifest = {
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "wall", namespace: "green" },
  spec: {
    podSelector: {},
    futureField: { größe: "ünknown" },
    ingress: [{ from: [{ podSelector: { matchLabels: { app: "front" } } }], ports: [{ port: 8080 }] }],
  },
};
const FORCED = { manager: "tester", force: true };
const REF = { namespace: "green", name: "wall" };

let server: ScriptedServer;
let transport: Transport;
let clock: ReturnType<typeof quickClock>;
const metrics = createMetrics();

beforeEach(async () => {
  server = await startScriptedServer((request, reply) => reply.json(200, request.body ? JSON.parse(request.body) : {}));
  clock = quickClock();
  transport = createTransport({ connection: server.connection, metrics, clock });
});

afterEach(async () => {
  await transport.close();
  await server.close();
});

/** Fails the first requests, then answers with what was sent. */
function first(...failures: ((reply: Parameters<Parameters<ScriptedServer["script"]>[0]>[1]) => void)[]): void {
  let count = 0;
  server.script((request, reply) => {
    const fail = failures[count];
    count += 1;
    if (fail) fail(reply);
    else reply.json(200, request.body ? JSON.parse(request.body) : {});
  });
}

describe("what goes over the wire", () => {
  it("is the rendered object, byte for byte, with `from` and fields nobody knows", async () => {
    await createCluster(transport).apply(RESOURCES.NetworkPolicy, WALL, FORCED);
    const [sent] = server.received;
    expect(sent?.body).toBe(JSON.stringify(WALL));
    expect(sent?.method).toBe("PATCH");
    expect(sent?.path).toBe("/apis/networking.k8s.io/v1/namespaces/green/networkpolicies/wall");
    expect(sent?.headers["content-type"]).toBe("application/apply-patch+yaml");
    expect(Object.fromEntries(sent?.query ?? [])).toEqual({
      fieldManager: "tester",
      force: "true",
      fieldValidation: "Strict",
    });
  });

  it("is so also when it is made or replaced, which a trial does not keep", async () => {
    const cluster = createCluster(transport);
    await cluster.create(RESOURCES.NetworkPolicy, WALL, "tester");
    await cluster.replace(RESOURCES.NetworkPolicy, WALL as LiveObject, { manager: "tester", dryRun: true });
    const told = server.received.map(({ method, path, body, query }) => [
      method,
      path,
      body,
      Object.fromEntries(query),
    ]);
    const path = "/apis/networking.k8s.io/v1/namespaces/green/networkpolicies";
    const body = JSON.stringify(WALL);
    expect(told).toEqual([
      ["POST", path, body, { fieldManager: "tester", fieldValidation: "Strict" }],
      ["PUT", `${path}/wall`, body, { fieldManager: "tester", dryRun: "All" }],
    ]);
  });

  it("reuses a few connections for many requests", async () => {
    const cluster = createCluster(transport);
    await Promise.all(Array.from({ length: 300 }, () => cluster.apply(RESOURCES.NetworkPolicy, WALL, FORCED)));
    expect(server.received).toHaveLength(300);
    expect(server.connections()).toBeLessThanOrEqual(48);
  });

  it("addresses status, dry runs and cluster-scoped kinds", async () => {
    const cluster = createCluster(transport);
    await cluster.apply(RESOURCES.Deployment, WALL, { ...FORCED, subresource: "status", dryRun: true });
    await cluster.get(RESOURCES.Node, { name: "a" });
    expect(server.received[0]?.path).toBe("/apis/apps/v1/namespaces/green/deployments/wall/status");
    expect(server.received[0]?.query.get("dryRun")).toBe("All");
    expect(server.received[1]?.path).toBe("/api/v1/nodes/a");
  });
});

describe("repeats", () => {
  it.each([500, 502, 503, 504])("an apply after a %i", async (code) => {
    first((reply) => reply.status(code, "Trouble"));
    await createCluster(transport).apply(RESOURCES.NetworkPolicy, WALL, FORCED);
    expect(server.received).toHaveLength(2);
  });

  it("an apply after the connection was reset, whether it had an effect or not", async () => {
    first((reply) => reply.reset());
    await createCluster(transport).apply(RESOURCES.NetworkPolicy, WALL, FORCED);
    expect(server.received.map(({ body }) => body)).toEqual([JSON.stringify(WALL), JSON.stringify(WALL)]);
  });

  it("a read whose body breaks off", async () => {
    first((reply) => {
      const stream = reply.stream();
      stream.write(Buffer.from('{"half'));
      setTimeout(() => stream.reset(), 20);
    });
    await expect(createCluster(transport).get(RESOURCES.NetworkPolicy, REF)).resolves.toEqual({});
  });

  it("no sooner than Retry-After says", async () => {
    first((reply) => reply.status(429, "TooManyRequests", { headers: { "retry-after": "1" } }));
    const startedAt = performance.now();
    await createCluster(transport).get(RESOURCES.NetworkPolicy, REF);
    expect(performance.now() - startedAt).toBeGreaterThan(950);
    expect(clock.waits).toEqual([1000]);
  });

  it("a create that was refused with 429, but one that may have had an effect only when asked to", async () => {
    first((reply) => reply.status(429, "TooManyRequests"));
    await createCluster(transport).create(RESOURCES.NetworkPolicy, WALL, "tester");
    expect(server.received).toHaveLength(2);
    first((reply) => reply.reset());
    const lost = createCluster(transport).create(RESOURCES.NetworkPolicy, WALL, "tester");
    await expect(lost).rejects.toMatchObject({ status: 0, reason: "Unreachable" });
    expect(server.received).toHaveLength(3);
    first((reply) => reply.reset());
    await createCluster(transport).create(RESOURCES.NetworkPolicy, WALL, "tester", { repeatable: true });
    expect(server.received).toHaveLength(5);
  });

  it("a bounded number of times, and then says what the server said", async () => {
    server.script((_, reply) => reply.status(503, "ServiceUnavailable", { message: "shutting down" }));
    const refused = createCluster(transport).get(RESOURCES.NetworkPolicy, REF);
    await expect(refused).rejects.toMatchObject({
      status: 503,
      reason: "ServiceUnavailable",
      message: "shutting down",
    });
    expect(server.received).toHaveLength(6);
  });

  it("not what is simply wrong", async () => {
    const causes = [{ field: "spec.x", message: "field is immutable", reason: "FieldValueInvalid" }];
    server.script((_, reply) => reply.status(422, "Invalid", { details: { causes } }));
    const refused = createCluster(transport).apply(RESOURCES.NetworkPolicy, WALL, FORCED);
    await expect(refused).rejects.toMatchObject({ status: 422, causes });
    expect(server.received).toHaveLength(1);
  });
});

describe("credentials", () => {
  it("asks for a fresh token when the old one is refused", async () => {
    const asked: boolean[] = [];
    const connection = {
      ...server.connection,
      authorization: (fresh = false) => {
        asked.push(fresh);
        return Promise.resolve(fresh ? "Bearer new" : "Bearer old");
      },
    };
    server.script((request, reply) => {
      if (request.headers.authorization === "Bearer new") reply.json(200, {});
      else reply.status(401, "Unauthorized");
    });
    const own = createTransport({ connection, metrics });
    await expect(createCluster(own).get(RESOURCES.Pod, REF)).resolves.toEqual({});
    expect(asked).toEqual([false, true]);
    await own.close();
  });

  it("keeps a Secret's values out of the error", async () => {
    const causes = [{ field: "data.password", message: 'Invalid value: "hunter2"' }];
    server.script((_, reply) => reply.status(422, "Invalid", { message: 'bad "hunter2"', details: { causes } }));
    const secret = { apiVersion: "v1", kind: "Secret", metadata: REF, data: { password: "hunter2" } };
    const error: unknown = await createCluster(transport)
      .apply(RESOURCES.Secret, secret, FORCED)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ApiError);
    expect(JSON.stringify(error) + String(error)).not.toContain("hunter2");
    expect((error as ApiError).message).toBe("The API server refused a Secret: Invalid (data.password).");
    const message = `ValidatingAdmissionPolicy 'op-values' with binding 'op-values' denied request: "hunter2"`;
    server.script((_, reply) => reply.status(403, "Forbidden", { message }));
    await expect(createCluster(transport).apply(RESOURCES.Secret, secret, FORCED)).rejects.toThrow(
      /^The API server refused a Secret: Forbidden \(ValidatingAdmissionPolicy 'op-values'\)\.$/,
    );
  });
});

describe("limits", () => {
  it("asks beforeWrite before every attempt of a write, and never for a read", async () => {
    let leader = 2;
    const cluster = createCluster(transport, {
      beforeWrite() {
        leader -= 1;
        if (leader < 0) throw new Error("not the leader");
      },
    });
    server.script((_, reply) => reply.status(503, "ServiceUnavailable"));
    await expect(cluster.apply(RESOURCES.NetworkPolicy, WALL, FORCED)).rejects.toThrow("not the leader");
    expect(server.received).toHaveLength(2);
    server.script((_, reply) => reply.json(200, {}));
    await cluster.get(RESOURCES.NetworkPolicy, REF);
    expect(server.received).toHaveLength(3);
  });

  it("ends a call with the signal's reason, also while the server is silent", async () => {
    server.script(() => {});
    const stop = new AbortController();
    const call = createCluster(transport).within(stop.signal).get(RESOURCES.NetworkPolicy, REF);
    setTimeout(() => stop.abort(new Error("enough")), 20);
    await expect(call).rejects.toThrow("enough");
  });

  it("gives a silent server up after the time-out and tries again", async () => {
    const impatient = createTransport({ connection: server.connection, metrics, clock, timeoutMs: 50 });
    first(() => {});
    await expect(createCluster(impatient).get(RESOURCES.NetworkPolicy, REF)).resolves.toEqual({});
    await impatient.close();
  });
});

describe("list", () => {
  const item = (name: string) => ({ metadata: { name, uid: name, resourceVersion: "1" } });

  it("reads all pages, gives items their kind, and begins again when the server forgot the page", async () => {
    let forgotten = false;
    server.script(({ query }, reply) => {
      const token = query.get("continue");
      if (token === "2" && !forgotten) {
        forgotten = true;
        return reply.status(410, "Expired");
      }
      if (token) return reply.json(200, { metadata: { resourceVersion: "9" }, items: [item("b")] });
      reply.json(200, { metadata: { resourceVersion: "9", continue: "2" }, items: [item("a")] });
    });
    const found = await createCluster(transport).list(RESOURCES.ConfigMap, {
      namespace: "green",
      labelSelector: "a=b",
    });
    expect(found).toMatchObject([
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } },
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "b" } },
    ]);
    expect(server.received[0]?.query.get("limit")).toBe("500");
    expect(server.received[0]?.query.get("labelSelector")).toBe("a=b");
  });

  it("gives up when the server forgets the page again", async () => {
    server.script(({ query }, reply) => {
      if (query.get("continue")) return reply.status(410, "Expired");
      reply.json(200, { metadata: { resourceVersion: "9", continue: "2" }, items: [item("a")] });
    });
    await expect(createCluster(transport).list(RESOURCES.ConfigMap)).rejects.toMatchObject({ status: 410 });
    expect(server.received).toHaveLength(4);
  });
});

describe("delete", () => {
  it("names the uid and takes gone or replaced objects for done", async () => {
    const cluster = createCluster(transport);
    await cluster.delete(RESOURCES.ConfigMap, REF, { uid: "u1", propagation: "Background" });
    expect(JSON.parse(server.received[0]?.body ?? "")).toEqual({
      preconditions: { uid: "u1" },
      propagationPolicy: "Background",
    });
    server.script((_, reply) => reply.status(404, "NotFound"));
    await expect(cluster.delete(RESOURCES.ConfigMap, REF, { uid: "u1" })).resolves.toBeUndefined();
    server.script(({ method }, reply) =>
      method === "DELETE" ? reply.status(409, "Conflict") : reply.json(200, { metadata: { uid: "u2" } }),
    );
    await expect(cluster.delete(RESOURCES.ConfigMap, REF, { uid: "u1" })).resolves.toBeUndefined();
    const changed = cluster.delete(RESOURCES.ConfigMap, REF, { uid: "u2", resourceVersion: "1" });
    await expect(changed).rejects.toMatchObject({ status: 409 });
  });
});

describe("served", () => {
  it("lists plural names without subresources, and nothing for an unknown group", async () => {
    server.script((_, reply) => reply.json(200, { resources: [{ name: "gateways" }, { name: "gateways/status" }] }));
    const cluster = createCluster(transport);
    await expect(cluster.served("gateway.networking.k8s.io", "v1")).resolves.toEqual(new Set(["gateways"]));
    server.script((_, reply) => reply.status(404, "NotFound"));
    await expect(cluster.served("nobody", "v1")).resolves.toEqual(new Set());
  });
});
