import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { PoolConfig } from "pg";
import type { DatabaseOptions } from "./options.ts";

/**
 * How to reach the database. Its login is read anew for each connection, so that the page also starts where it is
 * missing: then no question is answered, and nobody is let in.
 */
export function databaseServer({ host, port, name = "", folder, tls, ca }: DatabaseOptions): PoolConfig {
  const part = (which: string) => {
    const file = join(folder, which);
    return existsSync(file) ? readFileSync(file, "utf8").trim() : "";
  };
  return {
    host,
    port,
    user: part("username") || name,
    database: part("name") || name,
    password: () => part("password"),
    ssl: tls === "off" ? false : { servername: host, ...(ca !== undefined && { ca: readFileSync(ca, "utf8") }) },
  };
}
