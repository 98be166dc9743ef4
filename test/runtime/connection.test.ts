import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect, inCluster } from "../../src/runtime/connection.ts";
import { fakeClock } from "../support/fake-clock.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "connection-"));
});
afterEach(() => rm(folder, { recursive: true }));

const KUBECONFIG = `
apiVersion: v1
kind: Config
current-context: one
clusters:
- name: c
  cluster: {server: "https://one.example:6443/", tls-server-name: kubernetes}
users:
- {name: u, user: {token: t0ken}}
contexts:
- {name: one, context: {cluster: c, user: u, namespace: green}}
- {name: two, context: {cluster: c, user: u}}
`;

describe("inside a cluster", () => {
  it("reads the token again after a minute, and at once when it was refused", async () => {
    await writeFile(join(folder, "ca.crt"), "CA");
    await writeFile(join(folder, "namespace"), "ops\n");
    await writeFile(join(folder, "token"), "first\n");
    const clock = fakeClock();
    const connection = await inCluster("fd00::1", "443", folder, clock);
    expect(connection).toMatchObject({ server: "https://[fd00::1]:443", namespace: "ops" });
    expect(await connection.authorization()).toBe("Bearer first");
    await writeFile(join(folder, "token"), "second\n");
    expect(await connection.authorization()).toBe("Bearer first");
    expect(await connection.authorization(true)).toBe("Bearer second");
    await writeFile(join(folder, "token"), "third\n");
    await clock.advance(60_001);
    expect(await connection.authorization()).toBe("Bearer third");
  });
});

describe("with a kubeconfig", () => {
  it("takes server, names, namespace and credentials of the context", async () => {
    const kubeconfig = join(folder, "config");
    await writeFile(kubeconfig, KUBECONFIG);
    const connection = await connect({ kubeconfig });
    expect(connection).toMatchObject({
      server: "https://one.example:6443",
      serverName: "kubernetes",
      namespace: "green",
    });
    expect(connection.skipTlsVerify).toBeUndefined();
    expect(await connection.authorization()).toBe("Bearer t0ken");
    expect((await connect({ kubeconfig, context: "two" })).namespace).toBeUndefined();
    expect((await connect({ env: { KUBECONFIG: `/nowhere:${kubeconfig}` } })).namespace).toBe("green");
  });

  it("says what is missing and what to do", async () => {
    const kubeconfig = join(folder, "config");
    await expect(connect({ kubeconfig })).rejects.toThrow(/There is no kubeconfig at .*config\. Set KUBECONFIG/);
    await writeFile(kubeconfig, KUBECONFIG);
    await expect(connect({ kubeconfig, context: "three" })).rejects.toThrow('no context "three". It has: one, two.');
    await writeFile(kubeconfig, KUBECONFIG.replace("current-context: one", ""));
    await expect(connect({ kubeconfig })).rejects.toThrow("has no current context");
    await writeFile(kubeconfig, "{not yaml: [");
    await expect(connect({ kubeconfig })).rejects.toThrow("cannot be read");
  });
});
