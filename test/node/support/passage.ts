import { FOCUS_USER, XMPP_PORT, xmppDomains } from "../../../src/components/jitsi/xmpp.ts";
import { RESOURCES } from "../../../src/runtime/resources.ts";
import { openRoom, type Room } from "../../apps/support/calls.ts";
import { asksAt } from "../../apps/support/entry.ts";
import { deskOn } from "../../apps/support/practice-desk.ts";
import { participant, service } from "../../apps/support/xmpp.ts";
import { DOOR_ADDRESS } from "../../bed/node/addresses.ts";
import { forwardTo } from "../../bed/node/forward.ts";
import { socketOf } from "../../bed/node/places.ts";
import { fetchThrough } from "../../support/through-edge.ts";
import { visitor } from "../../support/visitor.ts";
import { hand, node } from "./node.ts";
import { podsOf, type RunningPractice } from "./practice.ts";

/** Somebody on the internet, before the front door: each name of a practice leads there, over TLS. */
export type Passage = Awaited<ReturnType<typeof throughDoor>>;

/** @param ca PEM of who signs the certificates of the hosts */
export async function throughDoor(ca: string) {
  const at = (port: number) => forwardTo(socketOf(node, "outside"), DOOR_ADDRESS, port);
  const [http, https] = [await at(80), await at(443)];
  const edge = { https: https.port, ca };
  const { fetch, close } = fetchThrough(edge);
  return {
    edge,
    fetch,
    ...visitor({ http: http.port, https: https.port }, ca),
    close: async () => {
      await close();
      http.close();
      https.close();
    },
  };
}

async function secretOf({ namespace }: RunningPractice, name: string): Promise<Readonly<Record<string, string>>> {
  const { data = {} } = ((await hand.get(RESOURCES.Secret, { namespace, name })) ?? {}) as {
    data?: Record<string, string>;
  };
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]));
}

/** Jicofo is a stand-in here, so the test is the focus: with its password, at Prosody's pod, from the node. */
async function startFocus(practice: RunningPractice) {
  const pod = (await podsOf(practice.namespace)).find(({ metadata }) => metadata.name.includes("-signalling-"));
  const way = await forwardTo(socketOf(node, "node"), pod?.status.podIP ?? "", XMPP_PORT);
  const [authority, passwords] = [
    await secretOf(practice, "greenriver-internal-ca"),
    await secretOf(practice, "greenriver-signalling-1"),
  ];
  const client = await service(way.port, {
    domain: xmppDomains(practice).auth,
    username: FOCUS_USER,
    password: passwords["focus-password"] ?? "",
    authority: authority["tls.crt"] ?? "",
  });
  const stop = () => {
    client.close();
    way.close();
  };
  return { client, stop };
}

/** The practice's entry page, and the rooms that it leads to, for people who come through the front door. */
export async function startDeskThrough(passage: Passage, practice: RunningPractice) {
  const xmpp = xmppDomains(practice);
  const focus = await startFocus(practice);
  const calls = {
    xmpp,
    open: (room: Room) => openRoom(focus.client, room),
    withToken: (token?: string) =>
      participant(`wss://${xmpp.domain}/xmpp-websocket`, xmpp.domain, token, { edge: passage.edge }),
  };
  const { entry } = practice.hosts;
  return { ...deskOn(asksAt(`https://${entry}`, entry, passage.fetch), calls), stop: focus.stop };
}
