import { createPublicKey } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import { type FlattenedJWSInput, flattenedVerify } from "jose";
import { Pool } from "pg";

// The floor of an exchange, as a program beside the entry page: the same framework, one signature checked, one row
// inserted over a pool of the same size. `/bare` is the framework alone.

const { FLOOR_PORT, FLOOR_KEY = "", FLOOR_DATABASE_PORT, FLOOR_PASSWORD } = process.env;
const publicKey = createPublicKey(readFileSync(FLOOR_KEY));
const pool = new Pool({
  host: "127.0.0.1",
  port: Number(FLOOR_DATABASE_PORT),
  user: "entry",
  database: "entry",
  password: FLOOR_PASSWORD ?? "",
  max: 4,
});
await pool.query("CREATE TABLE IF NOT EXISTS floor (id bytea PRIMARY KEY, used int NOT NULL)");
const INSERT = `INSERT INTO floor AS f (id, used) VALUES ($1, 1)
  ON CONFLICT (id) DO UPDATE SET used = f.used + 1 WHERE f.used < 1 RETURNING used`;

const app = new Hono();
app.get("/bare", (context) => context.text("bare"));
app.post("/enter", async (context) => {
  const form = new URLSearchParams(await context.req.text());
  const receipt = JSON.parse(form.get("receipt") ?? "") as FlattenedJWSInput;
  await flattenedVerify(receipt, publicKey, { crit: { b64: true } });
  const id = Buffer.from(form.get("link") ?? "", "base64url");
  const { rowCount } = await pool.query({ name: "insert", text: INSERT, values: [id] });
  return context.redirect("https://meet.greenriver.example/", rowCount === 1 ? 303 : 302);
});
const server = createAdaptorServer({ fetch: app.fetch }) as Server;
server.listen({ port: Number(FLOOR_PORT), host: "127.0.0.1", backlog: 2048 });
await once(server, "listening");
