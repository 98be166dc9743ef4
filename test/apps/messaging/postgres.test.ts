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

  it("is left alone by the script that made it", async () => {
    await database.query("create table kept(a int)");
    await database.makeDatabase();
    expect(await database.query("select count(*) from kept")).toBe("0");
  });

  it("writes no password and no statement to its log", async () => {
    await expect(database.query("select 'a patient' from nowhere")).rejects.toThrow("nowhere");
    const log = await database.log();
    expect(log).not.toContain(database.password);
    expect(log).not.toContain("a patient");
  });
});
