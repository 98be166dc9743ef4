import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { Agent, WebSocket } from "undici";
import { waitFor } from "../../bed/wait.ts";
import { type Edge, throughEdge } from "../../support/through-edge.ts";

/**
 * What a client of a test sends and has got, as text. Stanzas are written by hand, because the tests are about
 * what a well-behaved library would never send.
 */
export interface XmppClient {
  readonly jid: string;
  readonly send: (stanza: string) => void;
  /** Everything received so far. */
  readonly received: () => string;
  /** Waits until something that matches has been received, after the first `from` characters, and returns the match. */
  readonly expect: (pattern: RegExp, from?: number, timeout?: number) => Promise<RegExpExecArray>;
  /** Whether the server ended the connection. */
  readonly isOver: () => boolean;
  readonly close: () => void;
  /** Ends the connection without a word, as a lost network does. */
  readonly cut: () => void;
}

const FRAMING = "urn:ietf:params:xml:ns:xmpp-framing";
const SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
const BIND = `<iq xmlns="jabber:client" type="set" id="bind"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>`;

/** One connection to this machine, whatever name is asked for, so that a client can name a host of the practice. */
function toThisMachine(edge?: Edge) {
  let socket: Socket | undefined;
  const cut = () => socket?.destroy();
  if (edge) return { dispatcher: throughEdge(edge, (opening) => (socket = opening)), cut };
  const dispatcher = new Agent({
    connect: ({ port }, connected) => {
      const opening = connectTcp(Number(port), "127.0.0.1");
      socket = opening.once("connect", () => connected(null, opening)).once("error", (error) => connected(error, null));
    },
  });
  return { dispatcher, cut };
}

function transcript() {
  let text = "";
  return {
    add: (more: string) => (text += more),
    received: () => text,
    /** @param timeout milliseconds; less than usual where somebody was promised to be quick. */
    expect: (pattern: RegExp, from = 0, timeout = 20_000) => {
      const found = () => {
        const match = pattern.exec(text.slice(from));
        if (match === null) throw new Error(`Only this was said: ${text.slice(-1500)}`);
        return match;
      };
      return waitFor(found, { timeout, interval: 5, what: String(pattern) });
    },
  };
}

/**
 * A participant as the meeting page makes one: websocket, token in the query, SASL ANONYMOUS.
 * With `bind: false` the session is left to be resumed, and has no address yet. With an `edge` it comes through that.
 * @throws Error with what the server answered when there is no login.
 */
export async function participant(
  url: string,
  domain: string,
  token?: string,
  { bind = true, edge }: { readonly bind?: boolean; readonly edge?: Edge } = {},
): Promise<XmppClient> {
  const query = token === undefined ? "" : `?token=${encodeURIComponent(token)}`;
  const { dispatcher, cut } = toThisMachine(edge);
  const socket = new WebSocket(`${url}${query}`, { protocols: "xmpp", dispatcher });
  const { add, received, expect } = transcript();
  socket.addEventListener("message", ({ data }) => add(String(data)));
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", () => reject(new Error("The websocket did not open.")));
  });
  let over = false;
  socket.addEventListener("close", () => (over = true));
  const open = () => socket.send(`<open xmlns="${FRAMING}" to="${domain}" version="1.0"/>`);
  const close = () => socket.close();
  open();
  const [offer] = await expect(/<\/stream:features>|<stream:features[^>]*\/>|<stream:error.*?<\/stream:error>/);
  if (offer.startsWith("<stream:error")) throw new Error(offer);
  socket.send(`<auth xmlns="${SASL}" mechanism="ANONYMOUS"/>`);
  const [answer] = await expect(/<success[^>]*>|<failure[^>]*>.*?<\/failure>/);
  if (!answer.startsWith("<success")) {
    close();
    throw new Error(answer);
  }
  open();
  await expect(/urn:ietf:params:xml:ns:xmpp-bind/);
  const client = { send: (stanza: string) => socket.send(stanza), received, expect, isOver: () => over, close, cut };
  if (!bind) return { jid: "", ...client };
  socket.send(BIND);
  const jid = (await expect(/<jid>([^<]+)<\/jid>/))[1] ?? "";
  return { jid, ...client };
}

/**
 * A program of the practice as jicofo is one: TCP, STARTTLS with the certificate checked, SASL PLAIN.
 * @throws Error with what the server answered when there is no login.
 */
export async function service(
  port: number,
  login: { domain: string; username: string; password: string; authority: string },
): Promise<XmppClient> {
  const plain = connectTcp(port, "127.0.0.1");
  const before = transcript();
  plain.on("data", (data) => before.add(data.toString()));
  const open = (socket: Socket) =>
    socket.write(
      `<?xml version="1.0"?><stream:stream to="${login.domain}" version="1.0" xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams">`,
    );
  open(plain);
  await before.expect(/<starttls[^>]*>/);
  plain.write(`<starttls xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>`);
  await before.expect(/<proceed[^>]*>/);
  plain.removeAllListeners("data");
  const { add, received, expect } = transcript();
  const socket = connectTls({ socket: plain, ca: login.authority, servername: login.domain });
  socket.on("data", (data) => add(data.toString()));
  await new Promise((resolve, reject) => {
    socket.once("secureConnect", resolve);
    socket.once("error", reject);
  });
  open(socket);
  await expect(/<mechanism>PLAIN<\/mechanism>/);
  const credentials = Buffer.from(`\0${login.username}\0${login.password}`).toString("base64");
  socket.write(`<auth xmlns="${SASL}" mechanism="PLAIN">${credentials}</auth>`);
  const [answer] = await expect(/<success[^>]*>|<failure[^>]*>.*?<\/failure>/);
  if (!answer.startsWith("<success")) {
    socket.destroy();
    throw new Error(answer);
  }
  open(socket);
  await expect(/urn:ietf:params:xml:ns:xmpp-bind/);
  socket.write(BIND);
  const jid = (await expect(/<jid>([^<]+)<\/jid>/))[1] ?? "";
  return {
    jid,
    send: (stanza) => socket.write(stanza),
    received,
    expect,
    isOver: () => socket.destroyed,
    close: () => socket.destroy(),
    cut: () => socket.destroy(),
  };
}

/** What a presence of the stock client says about encryption; each part can be left out or replaced. */
export function encryption(
  parts: { enabled?: string; feature?: boolean; keys?: boolean; curve?: string } = {},
): string {
  const { enabled = "true", feature = true, keys = true, curve = "c" } = parts;
  const named = (name: string, text: string) =>
    `<jitsi_participant_e2ee.${name}>${text}</jitsi_participant_e2ee.${name}>`;
  return [
    feature ? `<features><feature var="https://jitsi.org/meet/e2ee"/></features>` : "",
    keys ? named("idKey.curve25519", curve.repeat(43)) + named("idKey.ed25519", "e".repeat(43)) : "",
    named("enabled", enabled),
  ].join("");
}

/** A presence to an occupant of a room; with `join` it asks to be let in. */
export function presence(to: string, content: string, { join = false } = {}): string {
  const muc = join ? `<x xmlns="http://jabber.org/protocol/muc"/>` : "";
  return `<presence xmlns="jabber:client" to="${to}">${muc}${content}</presence>`;
}
