import { randomBytes } from "node:crypto";
import type { Params } from "../../../src/components/component.ts";
import { xmppDomains } from "../../../src/components/jitsi/xmpp.ts";
import { type Signalling, startSignalling } from "./signalling.ts";
import { encryption, participant, presence, service, type XmppClient } from "./xmpp.ts";

/** A room that the focus has made. */
export interface Room {
  readonly name: string;
  readonly jid: string;
}

/** Claims that make a token staff's. */
export const STAFF = { context: { user: { moderator: true }, features: {} } };

/** A running Prosody with the focus logged in: what calls need of the signalling. */
export type Calls = Awaited<ReturnType<typeof startCalls>>;

/** Starts Prosody on the rendered files and logs the focus in, as jicofo does. */
export async function startCalls(params: Params, options: Parameters<typeof startSignalling>[1] = {}) {
  const prosody = await startSignalling(params, options);
  return callsOn(prosody, params, await focusOf(prosody, params));
}

function focusOf(prosody: Signalling, { practice }: Params): Promise<XmppClient> {
  return service(prosody.ports.xmpp, {
    domain: xmppDomains(practice).auth,
    username: "focus",
    password: prosody.focusPassword,
    authority: prosody.authority,
  });
}

function callsOn(prosody: Signalling, { practice }: Params, focus: XmppClient) {
  const xmpp = xmppDomains(practice);
  const asBridge = (login: { username?: string; domain?: string; password?: string } = {}) =>
    service(prosody.ports.xmpp, {
      domain: xmpp.bridge,
      username: "jvb",
      password: prosody.bridgePassword,
      authority: prosody.authority,
      ...login,
    });
  const withToken = (token?: string, domain = xmpp.domain, options?: { bind: boolean }) =>
    participant(`ws://127.0.0.1:${prosody.ports.http}/xmpp-websocket`, domain, token, options);
  const room = (): Room => {
    const name = randomBytes(16).toString("hex");
    return { name, jid: `${name}@${xmpp.muc}` };
  };
  const open = (which: Room) => openRoom(focus, which);
  /** Logs in and asks to be let in, as the stock client does; does not wait for the answer. */
  const knock = async (into: Room, claims = {}, content = encryption()) => {
    const client = await withToken(prosody.token(into.name, claims));
    client.send(presence(`${into.jid}/${nickOf(client)}`, content, { join: true }));
    return client;
  };
  const enter = async (into: Room, claims = {}, content = encryption()) => {
    const client = await knock(into, claims, content);
    await client.expect(IN_THE_ROOM);
    return client;
  };
  return {
    ...prosody,
    xmpp,
    focus,
    asBridge,
    withToken,
    room,
    open,
    knock,
    enter,
    /** A new room with staff in it. */
    staffed: async () => {
      const made = await open(room());
      return { room: made, staff: await enter(made, STAFF) };
    },
  };
}

/** What the focus does, as jicofo, when somebody asks for a conference. */
export async function openRoom(focus: XmppClient, which: Room): Promise<Room> {
  const answered = focus.received().length;
  focus.send(presence(`${which.jid}/focus`, "", { join: true }));
  await focus.expect(new RegExp(`from=['"]${which.jid}/focus['"][^]*code=['"]110`), answered);
  return which;
}

/** How the stock client calls itself in a room: the beginning of its account's name. */
export const nickOf = ({ jid }: XmppClient) => jid.slice(0, 8);

/** The server's word to a client that it is in. */
export const IN_THE_ROOM = /<status code=['"]110['"]/;
/** The server's word that a client was removed. */
export const REMOVED = /<status code=['"]307['"]/;

/** The answer with which a join was refused. */
export const refusal = async (client: XmppClient) =>
  (await client.expect(/<presence[^>]*type=['"]error['"].*?<\/presence>/))[0];

/** A later presence in the room, with the encryption claim and something that the others would notice. */
export const update = (client: XmppClient, room: Room, content = encryption(), marker = "noticed") =>
  client.send(presence(`${room.jid}/${nickOf(client)}`, `${content}<marker xmlns="test">${marker}</marker>`));
