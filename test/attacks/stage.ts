import { someParams } from "../support/practice.ts";
import { type Calls, IN_THE_ROOM, startCalls } from "../apps/support/calls.ts";
import type { Edit } from "../apps/support/signalling.ts";
import type { XmppClient } from "../apps/support/xmpp.ts";
import type { Outcome } from "./attack.ts";

const WHOLE: Edit = (_, text) => text;

/** Starts the signalling whole, or with an edit of a rendered file that takes one defence away. */
export const signallingStage =
  (taken: Edit, changes: Parameters<typeof someParams>[0] = {}) =>
  (defended: boolean): Promise<Calls> =>
    startCalls(someParams(changes), { edit: defended ? WHOLE : taken });

/** Takes modules of ours out of Prosody's configuration, readiness and all, and their files away. */
export function withoutModules(...names: readonly string[]): Edit {
  return (file, text) => {
    if (names.some((name) => file === `mod_${name}.lua`)) return undefined;
    if (file !== "prosody.cfg.lua") return text;
    return names.reduce((shorter, name) => changed(shorter, new RegExp(`"${name}"(; )?`, "g"), ""), text);
  };
}

/** Changes a rendered file. */
export function withChange(file: string, from: string | RegExp, to: string): Edit {
  return (name, text) => (name === file ? changed(text, from, to) : text);
}

function changed(text: string, from: string | RegExp, to: string): string {
  const edited = typeof from === "string" ? text.replaceAll(from, to) : text.replace(from, to);
  if (edited === text) throw new Error(`${String(from)} is not in the file, so no defence was taken away.`);
  return edited;
}

const ERROR = /<presence[^>]*type=['"]error['"]/;

/** Whether a join is let in or refused; throws when there is no answer. */
export async function joined(client: XmppClient): Promise<Outcome> {
  const [answer] = await client.expect(new RegExp(`${IN_THE_ROOM.source}|${ERROR.source}`));
  return ERROR.test(answer) ? "failed" : "succeeded";
}

/**
 * Whether something reaches a client. Judged when the sender's next own request has been answered and the client has
 * got a later word of the server, so that what was sent before would have come.
 */
export async function reached(from: XmppClient, to: XmppClient, sign: string): Promise<Outcome> {
  await ping(from);
  await ping(to);
  return to.received().includes(sign) ? "succeeded" : "failed";
}

let count = 0;
/** One question to the server and its answer, whatever that is. */
export async function ask(client: XmppClient, type: "get" | "set", to: string, payload: string): Promise<string> {
  const id = `attack${(count += 1)}`;
  client.send(`<iq xmlns="jabber:client" type="${type}" id="${id}" to="${to}">${payload}</iq>`);
  return (await client.expect(new RegExp(`<iq[^>]*id=['"]${id}['"][^>]*(?:/>|>.*?</iq>)`)))[0];
}

function ping(client: XmppClient): Promise<string> {
  const host = /@([^/]+)/.exec(client.jid)?.[1] ?? "";
  return ask(client, "get", host, `<ping xmlns="urn:xmpp:ping"/>`);
}
