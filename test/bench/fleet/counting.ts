import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Connection } from "../../bed/api.ts";

/** Stands in a captured object where the uid of its practice was. */
export const PLACEHOLDER = "00000000-0000-0000-0000-000000000000";

/** The first word to the counting proxy. */
export interface Order {
  readonly upstream: object;
  /** Whether it keeps what is written. */
  readonly captures: boolean;
}

export type Question = { readonly ask: "counts" | "applied" } | { readonly ask: "dump"; readonly into: string };

/** What came by since the proxy was started; watches and leases aside, but for their bytes. */
export interface Counts {
  readonly requests: number;
  readonly writes: number;
  /** Of these, those to `/status`. */
  readonly statusWrites: number;
  /** Answers of 300 and above. */
  readonly refused: number;
  /** Of all connections, both ways, as TLS carries them. */
  readonly bytes: number;
  /** Time of the last answer. */
  readonly heardAt: number;
  /** Objects of which a write was taken. */
  readonly applied: number;
}

/** A counting proxy in front of the API server. */
export interface Counting {
  readonly connection: Connection;
  counts(): Promise<Counts>;
  /** `namespace/plural/name` of every object that was written, with the time of the first answer. */
  applied(): Promise<ReadonlyMap<string, number>>;
  /** Writes what was captured into a folder; @returns the keys of the objects. */
  dump(into: string): Promise<string[]>;
  stop(): void;
}

/** Starts one. It ends with this process. */
export async function startCounting(
  upstream: { readonly adminConnection: Connection; readonly serverIdentity: object },
  captures = false,
): Promise<Counting> {
  const { adminConnection, serverIdentity } = upstream;
  const child = fork(fileURLToPath(new URL("./counter.ts", import.meta.url)), { stdio: "inherit" });
  let last: Promise<unknown> = Promise.resolve();
  const exchange = async (message: object) => {
    child.send(message);
    const [answer] = (await once(child, "message")) as [unknown];
    return answer;
  };
  const ask = async <T>(message: Question | Order): Promise<T> => {
    const before = last;
    const turn = before.then(() => exchange(message));
    last = turn;
    return (await turn) as T;
  };
  const { server } = await ask<{ server: string }>({ upstream: { adminConnection, serverIdentity }, captures });
  return {
    connection: { ...adminConnection, server },
    counts: () => ask({ ask: "counts" }),
    applied: async () => new Map(await ask<[string, number][]>({ ask: "applied" })),
    dump: (into) => ask({ ask: "dump", into }),
    stop: () => void child.kill(),
  };
}
