import { createPrivateKey } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createAdaptorServer } from "@hono/node-server";
import type { CustomFetch } from "openid-client";
import { createLogger, type Logger } from "../telemetry/logger.ts";
import { entryApp } from "./app.ts";
import { Away } from "./away.ts";
import { databaseServer } from "./database.ts";
import { elementExchange } from "./element.ts";
import { readKeys } from "./keys.ts";
import { limitOf } from "./limits.ts";
import { matrixAt } from "./matrix.ts";
import { type EntryOptions, entryOptions } from "./options.ts";
import { prosodyAt } from "./prosody.ts";
import { providerOf } from "./provider.ts";
import { receiptsOf } from "./receipts.ts";
import { roomsOf } from "./rooms.ts";
import { sealerOf } from "./sealed.ts";
import { staffDoor } from "./staff.ts";
import { openStore } from "./store.ts";
import type { SigningKey } from "./token.ts";
import { watch } from "./watch.ts";

/** A running entry page. */
export interface EntryServer {
  readonly port: number;
  /** Ends it: open answers are finished, idle connections closed. */
  readonly close: () => Promise<void>;
}

/** What tests may replace: the clock, where lines go, and how a provider on this machine is reached. */
export interface EntrySeams {
  readonly now?: () => number;
  readonly logger?: Logger;
  readonly reachProvider?: CustomFetch;
  readonly watchEveryMs?: number;
}

const LINK_TRIES = { tries: 60, seconds: 60 };

/**
 * Serves the entry page over plain HTTP behind the front pod. Logs nothing about a request.
 * @param options instead of what the environment says.
 */
export async function serveEntry(
  options: EntryOptions = entryOptions(process.env),
  seams: EntrySeams = {},
): Promise<EntryServer> {
  const { now = () => Math.floor(Date.now() / 1000), logger = createLogger("info") } = seams;
  const { hosts, sessions: margins, receiptDays } = options;
  const keys = readKeys(options.keys);
  const signingKey = readSigningKey(options.roomKeys);
  const store = openStore(databaseServer(options.database));
  const prosody = prosodyAt(options.signallingUrl, signingKey, hosts, now);
  const matrix = matrixAt(options.synapseUrl, options.answersUrl);
  const provider = options.oidc && providerOf(options.oidc, hosts.entry, seams.reachProvider);
  const sealer = sealerOf(keys, hosts.entry, now);
  const receipts = receiptDays === undefined ? undefined : receiptsOf({ keys, store, days: receiptDays, now });
  const keeping = { ...(receipts && { receipts }) };
  const rooms = roomsOf({ keys, store, ...keeping, prosody, signingKey, parties: hosts, margins, now });
  const watching = watch(
    { rooms, prosody, store, now, giveUpKeys: keys.giveUp, ...(receiptDays !== undefined && { receiptDays }) },
    seams.watchEveryMs,
  );
  const app = entryApp(
    {
      options,
      keys,
      signingKey,
      rooms,
      ...keeping,
      prosody,
      staff: staffDoor({ keys, sealer, matrix, serverName: hosts.matrix, now, ...(provider && { provider }) }),
      ...(provider && { provider }),
      element: elementExchange({ keys, matrix, store, rooms, now }),
      sealer,
      links: limitOf(keys.current.hashes, LINK_TRIES),
      untold: watching.untold,
      now,
    },
    reporter(logger),
  );
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  server.listen({ port: options.port, host: options.listen, backlog: 2048 });
  await once(server, "listening");
  logger.info("The entry page is open");
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      watching.stop();
      const closed = once(server, "close");
      server.close();
      server.closeIdleConnections();
      await closed;
      await store.end();
    },
  };
}

/**
 * Logs that something did not answer, or went wrong, and never about what or whom: messages of errors can quote. Codes
 * of PostgreSQL and of the network cannot.
 */
function reporter(logger: Logger): (error: Error) => void {
  return (error) => {
    if (error instanceof Away) return logger.warn({ what: error.what, code: codeOf(error) }, error.message);
    const at = /src\/entry\/[\w/-]+\.ts:\d+/.exec(error.stack ?? "")?.[0];
    return logger.error({ kind: error.name, at }, "An answer failed");
  };
}

/** The innermost code among the causes of an error. */
function codeOf({ cause }: Error): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
  return codeOf(cause) ?? code;
}

/** @throws Error when there is no key. */
function readSigningKey(folder: string): SigningKey {
  const kids = readdirSync(folder).flatMap((file) => /^([1-9]\d{0,8})\.pem$/.exec(file)?.[1] ?? []);
  const kid = kids.toSorted((one, other) => Number(other) - Number(one))[0];
  if (kid === undefined) throw new Error("There is no key that signs room tokens. It is mounted at ENTRY_ROOM_KEYS.");
  return { kid, privateKey: createPrivateKey(readFileSync(join(folder, `${kid}.pem`))) };
}
