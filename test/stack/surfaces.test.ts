import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { javaArguments } from "../../src/components/jitsi/java.ts";
import { jicofoConf } from "../../src/components/jitsi/jicofo.ts";
import { jvbConf } from "../../src/components/jitsi/jvb.ts";
import { loggingProperties } from "../../src/components/jitsi/logging.ts";
import { type ProcessGroup, processGroup } from "../bed/processes.ts";
import { run } from "../bed/run.ts";
import { waitFor } from "../bed/wait.ts";
import { somePractice } from "../support/practice.ts";
import { relocated } from "../apps/support/relocate.ts";

/** A folder with `jvb/` and `jicofo/` as the images have them in /usr/share; `test/long/stack.test.ts` names it. */
const stack = process.env["JITSI_STACK"] ?? "";

/** What each answers over HTTP inside its pod: what is listed as 404 shows or moves calls, or tells the version. */
const SURFACES = {
  jvb: {
    home: "jitsi-videobridge",
    port: 8080,
    ready: "about/health",
    conf: jvbConf(somePractice(), [{ ip: "203.0.113.7", port: 10_000 }], "IPv4"),
    open: ["about/health", "metrics", "colibri/drain"],
    closed: ["about/version", "debug", "rtcstats", "colibri/stats", "colibri/v2/conferences"],
  },
  jicofo: {
    home: "jicofo",
    port: 8888,
    ready: "stats",
    conf: jicofoConf(somePractice()),
    // No setting closes the two last ones; nobody outside of the pod reaches them.
    open: ["metrics", "stats", "rtcstats"],
    closed: ["about/health", "debug", "debug/conferences", "pin", "move-endpoints", "conference-request/v1"],
  },
} as const;

describe.each(["jvb", "jicofo"] as const)("the real %s on its rendered files", (program) => {
  const { home, port, ready, conf, open, closed } = SURFACES[program];
  let group: ProcessGroup;
  const status = async (path: string) => (await fetch(`http://127.0.0.1:${port}/${path}`)).status;

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), `${program}-`));
    await writeFile(join(folder, `${program}.conf`), conf);
    await writeFile(join(folder, "logging.properties"), loggingProperties(program));
    const store = join(folder, "truststore.p12");
    const key = ["-genkeypair", "-alias", "x", "-keyalg", "EC", "-dname", "CN=x", "-storetype", "PKCS12"];
    await run("keytool", [...key, "-keystore", store, "-storepass", "changeit"]);
    const args = relocated(javaArguments(program, 256).join("\n"), {
      [`/etc/jitsi/${program}/`]: `${folder}/`,
      "/etc/jitsi/trust/": `${folder}/`,
      [`/usr/share/${home}/`]: `${stack}/${program}/`,
      "$(TRUSTSTORE_PASSWORD)": "changeit",
    }).split("\n");
    group = processGroup(folder);
    const secrets = { POD_IP: "127.0.0.1", POD_NAME: "x-0", JVB_PASSWORD: "x", JICOFO_PASSWORD: "x" };
    const daemon = group.start(program, "java", args, secrets);
    await waitFor(async () => daemon.ended() !== undefined || (await status(ready)) === 200, { what: program });
    if (daemon.ended()) throw new Error(`${program} ${daemon.ended()}: ${group.tail(program)}`);
  });
  afterAll(() => group?.stop());

  it.each(open)("answers /%s inside its pod", async (path) => {
    expect(await status(path)).toBe(200);
  });

  it.each(closed)("does not have /%s", async (path) => {
    expect(await status(path)).toBe(404);
  });

  if (program !== "jvb") return;

  it("cannot be shut down over HTTP", async () => {
    const shutdown = {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"graceful-shutdown":true}',
    };
    expect((await fetch(`http://127.0.0.1:${port}/colibri/shutdown`, shutdown)).status).toBe(404);
    expect(await status(ready)).toBe(200);
  });

  it("keeps its HTTP off every other address", async () => {
    const addresses = (await run("hostname", ["-I"]))
      .trim()
      .split(/\s+/)
      .filter((ip) => !ip.includes(":"));
    for (const address of addresses) await expect(fetch(`http://${address}:${port}/`)).rejects.toThrow("fetch failed");
  });

  it("writes whole lines of the listed loggers, and no stack trace", () => {
    const lines = group.tail(program).trim().split("\n").filter(Boolean);
    for (const line of lines)
      expect(line).toMatch(/^\d{4}-\d\d-\d\dT\S+ (jvb|jicofo) (WARNING|SEVERE) org\.jitsi\.\S+: /);
  });
});
