import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LiveObject } from "../../src/manifest.ts";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { containersOf } from "../bed/node/places.ts";
import { telehealth } from "../support/cli.ts";
import { hand, node, runAt } from "./support/node.ts";
import { ask } from "./support/front.ts";
import { PARTS, podsOf, type RunningPractice, startPractice } from "./support/practice.ts";

let practice: RunningPractice;

beforeAll(async () => {
  practice = await startPractice();
}, 400_000);
afterAll(() => hand.close());

const part = ({ metadata }: LiveObject) => metadata.labels?.["telehealth-operator.io/serves"];

describe("a practice on a real node", () => {
  it("runs one pod for each part, and none but Synapse, which waits for its database, had to start twice", async () => {
    const pods = await podsOf(practice.namespace);
    expect(pods.map(part).toSorted((a = "", b = "") => a.localeCompare(b))).toEqual([...PARTS]);
    const restarts = pods.map((pod) => [part(pod), ...pod.status.containerStatuses.map((each) => each.restartCount)]);
    // Synapse ends when its database is not made yet, and is started again: nothing else may.
    const twice = restarts.filter(([name, ...counts]) => name !== "synapse" && counts.some((count) => count !== 0));
    expect(twice).toEqual([]);
  });

  it("has no token, nothing writable in its images, and no way to more rights, in any container", async () => {
    const containers = (await containersOf(node, practice.namespace)).filter(({ name }) => name !== undefined);
    expect(containers.length).toBeGreaterThanOrEqual(PARTS.length);
    const facts = await Promise.all(
      containers.map(async ({ name, pid }) => {
        const look = `grep -E "^(Uid|NoNewPrivs|CapBnd|Seccomp):" /proc/${pid}/status; grep " / " /proc/${pid}/mounts
          [ -e /proc/${pid}/root/run/secrets/kubernetes.io ] && echo token; true`;
        const text = await runAt("node", "sh", "-c", look);
        return {
          name,
          root: /^Uid:\s0\b/m.test(text),
          more: !/^NoNewPrivs:\s1$/m.test(text) || !/^CapBnd:\s0+$/m.test(text) || !/^Seccomp:\s2$/m.test(text),
          writable: !/ \/ overlay ro,/.test(text),
          token: text.includes("token"),
        };
      }),
    );
    const nothing = { root: false, more: false, writable: false, token: false };
    expect(facts).toEqual(containers.map(({ name }) => ({ name, ...nothing })));
  });

  it("answers on its four hosts, and on no other", async () => {
    const { meet, matrix, chat, entry } = practice.hosts;
    expect(await ask(practice, meet, "/")).toMatchObject({ status: 200 });
    expect((await ask(practice, matrix, "/_matrix/client/versions")).body).toContain("versions");
    expect(await ask(practice, chat, "/config.json")).toMatchObject({ status: 200 });
    expect(await ask(practice, entry, "/")).toMatchObject({ status: 200 });
    expect(await ask(practice, "other.example", "/")).toMatchObject({ status: 404 });
    expect(await ask(practice, matrix, "/_synapse/admin/v1/server_version")).toMatchObject({ status: 404 });
  });

  it("answers trials of the way to the bridge at the load balancer's address", async () => {
    const service = await hand.get(RESOURCES.Service, { namespace: practice.namespace, name: "greenriver-media" });
    const spec = service?.["spec"] as { ports: { name: string; port: number }[] } | undefined;
    const ports = spec?.ports.map(({ port }) => port) ?? [];
    // A STUN binding request (RFC 8489): type, length, magic cookie, transaction.
    const script = `const socket = require("node:dgram").createSocket("udp4");
      socket.on("message", (answer) => (console.log(answer.readUInt16BE(0).toString(16)), process.exit()));
      setInterval(() => socket.send(Buffer.from("000100002112a442" + "0102030405060708090a0b0c", "hex"), ${Math.max(...ports)}, "${practice.address}"), 200);
      setTimeout(() => process.exit(1), 5000);`;
    expect((await runAt("outside", process.execPath, "-e", script)).trim()).toBe("101");
  });
});

describe("its people", () => {
  const command = (...args: string[]) => telehealth(node.kubeconfig, [...args, "-n", practice.namespace]);

  it("gets an account by `telehealth user add`, which proves itself by a file that the kubelet writes", async () => {
    const start = performance.now();
    const { code, stdout, stderr } = await command(
      "user",
      "add",
      "anna",
      "--role",
      "therapist",
      "--practice",
      "greenriver",
    );
    expect(code, stderr).toBe(0);
    expect(performance.now() - start).toBeLessThan(60_000); // the kubelet alone would take up to a minute
    const password = /^password +(\S+)$/m.exec(stdout)?.[1];
    const login = { type: "m.login.password", identifier: { type: "m.id.user", user: "anna" }, password };
    const signIn = () => ask(practice, practice.hosts.matrix, "/_matrix/client/v3/login", login);
    expect((await signIn()).body).toContain("access_token");
  });

  it("is backed up by `telehealth backup`, and nothing of it stays in the cluster", async () => {
    const folder = join(await mkdtemp(join(tmpdir(), "backup-")), "of-today");
    const { code, stderr } = await command("backup", "greenriver", "--to", folder);
    expect(code, stderr).toBe(0);
    expect(await readdir(folder)).toEqual(["backup.json", "database.dump", "keys.json", "media.tar"]);
    await rm(folder, { recursive: true });
    expect(await hand.list(RESOURCES.Job, practice.namespace)).toEqual([]);
  });
});
