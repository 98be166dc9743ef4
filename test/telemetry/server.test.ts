import { describe, expect, it } from "vitest";
import { request } from "undici";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { startTelemetryServer } from "../../src/telemetry/server.ts";

describe("telemetry server", () => {
  it("answers health, readiness and metrics, and nothing else", async () => {
    let problem: string | undefined = "the cache is not synced";
    const server = await startTelemetryServer({
      port: 0,
      host: "127.0.0.1",
      metrics: createMetrics(),
      health: {},
      readiness: { cache: () => problem },
    });
    const get = async (path: string, method: "GET" | "POST" = "GET") => {
      const { statusCode, body } = await request(`http://127.0.0.1:${String(server.port)}${path}`, { method });
      return [statusCode, await body.text()];
    };
    expect(await get("/healthz")).toEqual([200, "ok\n"]);
    expect(await get("/readyz?verbose")).toEqual([503, "cache: the cache is not synced\n"]);
    problem = undefined;
    expect(await get("/readyz")).toEqual([200, "ok\n"]);
    expect((await get("/metrics"))[1]).toContain("workqueue_depth");
    expect((await get("/elsewhere"))[0]).toBe(404);
    expect((await get("/metrics", "POST"))[0]).toBe(405);
    await server.close();
  });
});
