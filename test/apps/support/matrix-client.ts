import { ClientEvent, createClient, type MatrixClient, type MatrixEvent, MsgType } from "matrix-js-sdk";
import { type Logger, logger } from "matrix-js-sdk/lib/logger.js";
import { waitFor } from "../../bed/wait.ts";
import type { Account } from "./messaging.ts";

const nothing = () => undefined;
const silent: Logger = {
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  getChild: () => silent,
};

// What parts of the SDK have of their own comes from this one.
Object.assign(logger, { methodFactory: () => nothing });
(logger as unknown as { rebuild: () => void }).rebuild();

/** A stock client that encrypts, as Element has it inside. */
export type EncryptingClient = Awaited<ReturnType<typeof startClient>>;

/** @param at a port of this machine, or an address and the way to it */
export async function startClient(
  at: number | { readonly baseUrl: string; readonly fetchFn: typeof fetch },
  { id, token, deviceId }: Pick<Account, "id" | "token" | "deviceId">,
) {
  const client = createClient({
    ...(typeof at === "number" ? { baseUrl: `http://127.0.0.1:${at}` } : at),
    userId: id,
    accessToken: token,
    deviceId,
    logger: silent,
  });
  await client.initRustCrypto({ useIndexedDB: false });
  await client.startClient({ initialSyncLimit: 50, pollTimeout: 2_000 });
  await new Promise<void>((resolve) => client.once(ClientEvent.Sync, () => resolve()));
  return {
    sdk: client,
    /** Waits until the room is known, and says this in it. @returns the event's id. */
    say: async (room: string, body: string) => {
      await waitFor(() => client.getRoom(room)?.hasEncryptionStateEvent(), { what: "the room's encryption" });
      const { event_id: id } = await client.sendMessage(room, { msgtype: MsgType.Text, body });
      return id;
    },
    /** Waits until this text was received and decrypted. */
    hears: (room: string, body: string) =>
      waitFor(async () => (await texts(client, room)).includes(body), { what: `"${body}"`, timeout: 20_000 }),
    /** What this client can read of a room. */
    reads: (room: string) => texts(client, room),
    stop: () => client.stopClient(),
  };
}

async function texts(client: MatrixClient, room: string): Promise<string[]> {
  const events = client.getRoom(room)?.getLiveTimeline().getEvents() ?? [];
  const messages = events.filter((event: MatrixEvent) => event.getWireType() === "m.room.encrypted");
  for (const event of messages) await client.decryptEventIfNeeded(event);
  return messages.filter((event) => !event.isDecryptionFailure()).map((event) => String(event.getContent()["body"]));
}
