import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { troublesOf } from "../../../src/controller/troubles.ts";
import { freePort } from "../../bed/ports.ts";
import { run } from "../../bed/run.ts";
import { someParams } from "../../support/practice.ts";
import { postgresCheckEnds, postgresEnds, synapseEnds, understood } from "../support/last-words.ts";
import { type DatabaseServer, type Messaging, startDatabase, startMessaging } from "../support/messaging.ts";
import { pythonWithSynapse } from "../support/messaging-programs.ts";

const params = someParams();
const change = (from: string, to: string) => (text: string) => {
  if (!text.includes(from)) throw new Error(`${from} is not in the file.`);
  return text.replace(from, to);
};

describe("Synapse that cannot start", () => {
  let messaging: Messaging;
  let database: DatabaseServer;
  beforeAll(async () => {
    messaging = await startMessaging(params);
    ({ database } = messaging);
    await messaging.register("anna-a-person", "patient");
  });
  afterAll(() => messaging?.stop());

  const tls = '"dbname": "synapse", "sslmode": "verify-full", "sslrootcert": "/etc/ssl/certs/ca-certificates.crt"';
  it.each([
    ["with a database that does not listen", "DatabaseUnreachable", '"port": PORT', '"port": 1'],
    ["with a database that nobody knows", "DatabaseUnreachable", '"host": "127.0.0.1"', '"host": "nowhere.invalid"'],
    ["with a database that knows no such user", "DatabaseRefused", '"user": "synapse"', '"user": "nobody"'],
    ["with a database that has none of this name", "DatabaseRefused", '"dbname": "synapse"', '"dbname": "other"'],
    ["with a database without TLS", "DatabaseUntrusted", '"dbname": "synapse"', tls],
    [
      "with the accounts of another server",
      "DatabaseOfAnotherServer",
      '"server_name": "matrix.',
      '"server_name": "other.',
    ],
  ])("%s: %s", async (_, reason, from, to) => {
    const edit = change(from.replace("PORT", String(database.port)), to);
    const end = await synapseEnds(params, { database, edit });
    expect(understood(end), end.printed).toMatchObject({ reason });
    // What others can read is the error alone: no way through the program, no person, no password.
    expect(end.told).toMatch(/^Exception during startup: \w+\n/);
    expect(end.told).not.toMatch(/File "|anna-a-person/);
    expect(end.told).not.toContain(database.password);
  });

  it("with a wrong password: DatabaseRefused", async () => {
    const end = await synapseEnds(params, { database: { port: database.port, password: "wrong" } });
    expect(understood(end), end.printed).toMatchObject({ reason: "DatabaseRefused" });
  });

  it("with a database behind a wall, which takes the connection and never answers: DatabaseUnreachable", async () => {
    const silent = createServer(() => undefined);
    const port = await freePort();
    await new Promise<void>((resolve) => silent.listen(port, "127.0.0.1", resolve));
    try {
      const end = await synapseEnds(params, { database: { port, password: "x" } });
      expect(understood(end), end.printed).toMatchObject({ reason: "DatabaseUnreachable" });
    } finally {
      silent.close();
    }
  });

  it.each([
    ["collation", "--locale=C", "--locale=C.UTF-8"],
    ["encoding", "--encoding=UTF8", "--encoding=SQL_ASCII"],
  ])("with a database of another %s: DatabaseUnsuitable", async (_, from, to) => {
    const other = await startDatabase(params, (file, text) =>
      file === "make-database.sh" ? change(from, to)(text) : text,
    );
    try {
      const end = await synapseEnds(params, { database: other });
      expect(understood(end), end.printed).toMatchObject({ reason: "DatabaseUnsuitable" });
    } finally {
      await other.stop();
    }
  });

  // No such release runs here, so its words are read where Synapse has them.
  it("with a PostgreSQL that is too old: DatabaseTooOld", async () => {
    const python = await pythonWithSynapse();
    const where = await run(python, ["-c", "import synapse; print(synapse.__file__)"]);
    const source = await readFile(join(dirname(where.trim()), "storage/engines/postgres.py"), "utf8");
    const words = /RuntimeError\("(Synapse requires PostgreSQL[^"]*)"/.exec(source)?.[1] ?? "";
    expect(understood({ exitCode: 1, told: words, printed: "" })).toMatchObject({ reason: "DatabaseTooOld" });
  });
});

describe("PostgreSQL that cannot start", () => {
  it.each(["nothing", "make-database"] as const)("on a volume that is full after %s: VolumeFull", async (fullAfter) => {
    const end = await postgresEnds(params, { fullAfter });
    expect(understood(end, "tail"), end.printed).toMatchObject({ reason: "VolumeFull" });
  });

  it("on data of another major version: DatabaseOfAnotherVersion", async () => {
    const other = await startDatabase(params);
    try {
      const printed = await other.restartAs("99").then(String, String);
      expect(understood({ exitCode: 1, told: "", printed }, "tail"), printed).toMatchObject({
        reason: "DatabaseOfAnotherVersion",
      });
    } finally {
      await other.stop();
    }
  });
});

describe("what a trial runs", () => {
  const nowhere = { port: 1, password: "x" };

  it("lets the rendered files of Synapse and PostgreSQL pass, without a database and without a network", async () => {
    expect(await synapseEnds(params, { database: nowhere, as: "check" })).toMatchObject({ exitCode: 0 });
    expect(await postgresCheckEnds(params)).toMatchObject({ exitCode: 0 });
  });

  const refused = (end: Awaited<ReturnType<typeof synapseEnds>>) => {
    const terminated = { exitCode: end.exitCode ?? 1, message: end.printed.slice(-2048) };
    return troublesOf({ containerStatuses: [{ name: "synapse", state: { terminated } }] }, true)[0];
  };

  it.each([
    ["an option of the module that is misspelt", '"widget_hosts":', '"widget_host":', "modules.<item 0>.config"],
    ["a value of the wrong kind", '"max_upload_size": "50M"', '"max_upload_size": [1]', undefined],
    ["a file that is no YAML", '"server_name":', '"server_name": [', undefined],
  ])("stops Synapse at %s, and says where if it can", async (_, from, to, setting) => {
    const end = await synapseEnds(params, { database: nowhere, as: "check", edit: change(from, to) });
    expect(end.exitCode, end.printed).toBeGreaterThan(0);
    expect(end.exitCode).not.toBe(137);
    expect(refused(end)?.setting).toBe(setting);
  });

  it.each([
    ["a value that is out of range", change("max_connections = 30", "max_connections = -1"), "max_connections"],
    ["a setting that does not exist", (conf: string) => `${conf}max_conections = 3\n`, "max_conections"],
  ])("stops PostgreSQL at %s, and says where", async (_, edit, setting) => {
    const end = await postgresCheckEnds(params, edit);
    expect(end.exitCode, end.printed).toBeGreaterThan(0);
    expect(refused(end)?.setting, end.printed).toBe(setting);
  });
});
