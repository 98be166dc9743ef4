import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { someParams } from "../../support/practice.ts";
import { type DatabaseServer, startDatabase } from "../support/messaging.ts";

const params = someParams();
let database: DatabaseServer;
beforeAll(async () => {
  database = await startDatabase(params);
});
afterAll(() => database?.stop());

describe("PostgreSQL on the rendered files", () => {
  it("has the database that Synapse accepts: UTF-8, sorted by bytes, with checksums", async () => {
    const sql =
      "select pg_encoding_to_char(encoding), datcollate, datctype from pg_database where datname = current_database()";
    expect(await database.query(sql)).toBe("UTF8|C|C");
    expect(await database.query("show data_checksums")).toBe("on");
  });

  it("lets Synapse in as an owner without power over the server", async () => {
    expect(await database.query("select rolsuper, rolcreaterole from pg_roles where rolname = current_user")).toBe(
      "f|f",
    );
    expect(await database.query("create table a(b int); drop table a; select 1")).toContain("1");
  });

  it("is tuned to its size", async () => {
    expect(await database.query("show shared_buffers")).toBe("48MB");
  });

  it.each([
    ["a wrong password", "synapse", "synapse", "wrong"],
    ["the superuser from the network", "postgres", "postgres", "wrong"],
    ["another database", "synapse", "template1", undefined],
  ])("refuses %s", async (_, user, name, password) => {
    await expect(database.query("select 1", { user, name, password: password ?? database.password })).rejects.toThrow(
      /password authentication failed|no pg_hba.conf entry/,
    );
  });

  it("has a second role that reads nothing and may call one function", async () => {
    const login = { user: "pruner", name: "synapse", password: database.prunerPassword };
    await database.query("create table messages(a text); insert into messages values ('a secret')");
    for (const sql of [
      "select * from messages",
      "delete from messages",
      "update messages set a = ''",
      "create table b(a int)",
      "create function public.prune_residue(a int) returns int language sql as 'select 1'",
      "set role synapse",
      "alter role pruner superuser",
      "copy messages to stdout",
      "select pg_read_file('pg_hba.conf')",
    ]) {
      await expect(database.query(sql, login), sql).rejects.toThrow(/permission denied|must be superuser|only roles/i);
    }
    await expect(database.query("select 1", { ...login, name: "postgres" })).rejects.toThrow("no pg_hba.conf entry");
    await expect(database.prune()).resolves.toBeDefined();
  });

  it("stops at a cluster of another major version, untouched and in PostgreSQL's own words", async () => {
    const other = await startDatabase(params);
    try {
      await expect(other.restartAs("99")).rejects.toThrow(/not compatible with this version|incompatible/);
    } finally {
      await other.stop();
    }
  });

  it("writes no password and no statement to its log", async () => {
    await expect(database.query("select 'a patient' from nowhere")).rejects.toThrow("nowhere");
    const log = await database.log();
    for (const password of [database.password, database.prunerPassword]) expect(log).not.toContain(password);
    expect(log).not.toContain("a patient");
  });
});
