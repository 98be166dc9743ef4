import type { Role } from "../../practice/names.ts";
import type { Practice } from "../../practice/practice.ts";
import type { Walls } from "../component.ts";
import { POSTGRES_PORT } from "./postgres-config.ts";

/** The walls of a job that talks to the practice's own database and to nobody else; without one it does not exist. */
export function databaseClient(role: Role, { messaging }: Practice): Walls {
  if (messaging.database.kind !== "managed") return { role, listens: [], talksTo: [] };
  return {
    role,
    listens: [],
    talksTo: [
      { port: POSTGRES_PORT, protocol: "TCP", to: { kind: "role", role: "postgres" } },
      { port: 53, protocol: "UDP", to: { kind: "dns" } },
      { port: 53, protocol: "TCP", to: { kind: "dns" } },
    ],
  };
}
