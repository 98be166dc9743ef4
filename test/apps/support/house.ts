import type { Params } from "../../../src/components/component.ts";
import { startCalls } from "./calls.ts";
import { startChat } from "./chat.ts";
import { startEntryProgram } from "./entry-program.ts";
import { deskOn } from "./practice-desk.ts";
import { startPeople } from "./rooms.ts";

/** A whole practice as its people meet it. */
export type House = Awaited<ReturnType<typeof startHouse>>;

/**
 * Every program of a practice on its rendered files, behind its front door: Synapse with its people, PostgreSQL, Prosody,
 * the entry page as a program of its own, nginx, and Chromium before them. Only the video app is a stub.
 */
export async function startHouse(params: Params) {
  const [calls, people] = await Promise.all([startCalls(params), startPeople(params)]);
  const entry = await startEntryProgram(params, { database: people.database, signalling: calls, matrix: people });
  const { browser, front, hosts, page, ...chat } = await startChat({
    params,
    entryPort: entry.port,
    synapsePort: people.ports.client,
    signallingPort: calls.ports.http,
  });
  const { knock } = deskOn(entry, calls);
  return {
    browser,
    front,
    hosts,
    page,
    people,
    entry,
    /** Asks to be let into the room of an address, as the stock client does. */
    knock,
    closePages: chat.closePages,
    stop: async () => {
      await chat.stop();
      await entry.stop();
      await Promise.all([calls.stop(), people.stop()]);
    },
  };
}
