import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LiveObject } from "../../src/manifest.ts";
import { type ScriptedServer, startScriptedServer } from "../support/scripted-server.ts";

const PROGRAM = fileURLToPath(new URL("../support/leader-process.ts", import.meta.url));

let server: ScriptedServer;
let leader: ChildProcess;
let said: string;
let lease: (LiveObject & { spec?: { holderIdentity?: string; renewTime?: string } }) | undefined;
let away: boolean;
/** When a renewal arrived. */
let renewals: number[];

beforeEach(async () => {
  [said, lease, away, renewals] = ["", undefined, false, []];
  server = await startScriptedServer(({ method, body }, reply) => {
    if (away) return reply.status(503, "Away");
    if (method === "GET") return lease ? reply.json(200, lease) : reply.status(404, "NotFound");
    const { metadata, spec } = JSON.parse(body) as LiveObject & { spec: object };
    const resourceVersion = String(Number(lease?.metadata.resourceVersion ?? 0) + 1);
    lease = { ...lease, metadata: { ...metadata, resourceVersion }, spec } as LiveObject;
    renewals.push(performance.now());
    reply.json(200, lease);
  });
  const file = join(await mkdtemp(join(tmpdir(), "lease-")), "kubeconfig");
  const named = (name: string, more: object) => ({ name, ...more });
  // Without TLS, the client insists on hearing that it need not verify any.
  const kubeconfig = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "scripted",
    clusters: [named("scripted", { cluster: { server: server.connection.server, "insecure-skip-tls-verify": true } })],
    users: [named("nobody", { user: {} })],
    contexts: [named("scripted", { context: { cluster: "scripted", user: "nobody" } })],
  };
  await writeFile(file, JSON.stringify(kubeconfig));
  leader = spawn(process.execPath, [PROGRAM], {
    env: { ...process.env, KUBECONFIG: file },
    stdio: ["pipe", "pipe", "inherit"],
  });
  leader.stdout?.on("data", (text) => (said += String(text)));
  const leads = () => (said.includes("leading\n") ? undefined : Promise.reject(new Error(`It does not lead: ${said}`)));
  await vi.waitFor(leads, 20_000);
}, 30_000);

afterEach(async () => {
  leader.kill("SIGKILL");
  await server.close();
});

describe("a leader whose lease a thread renews", () => {
  it("gives it back at once when told to stop", async () => {
    const from = performance.now();
    leader.stdin?.write("stop\n");
    const [code] = (await once(leader, "exit")) as [number];
    expect([code, said.includes("given back"), lease?.spec?.holderIdentity]).toEqual([0, true, ""]);
    expect(performance.now() - from).toBeLessThan(3000);
  });

  it(
    "stops renewing while its loop stands still, and is killed before another may lead",
    { timeout: 40_000 },
    async () => {
      leader.stdin?.write("block\n");
      const from = performance.now();
      const [code, signal] = (await once(leader, "exit")) as [number | null, string];
      const took = performance.now() - from;
      expect([code, signal]).toEqual([null, "SIGKILL"]);
      const last = (renewals.at(-1) ?? 0) - from;
      expect(last).toBeLessThan(7500);
      // Another one waits 15 s from the last renewal that it saw.
      expect(took - last).toBeLessThan(14_000);
      expect(said).toContain("the operator's loop stands still");
      expect(said).toContain("lost the leadership");
    },
  );

  it("exits by itself when it could not renew for 10 s", { timeout: 30_000 }, async () => {
    away = true;
    const from = performance.now();
    const [code] = (await once(leader, "exit")) as [number];
    expect([code, said.includes("\nlost\n")]).toEqual([1, true]);
    expect(performance.now() - from).toBeLessThan(14_000);
  });
});
