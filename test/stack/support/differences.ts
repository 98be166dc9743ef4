import type { Stack } from "./parts.ts";

/** Where the bridge answers websockets when it cannot speak SCTP. */
const BRIDGE_WEBSOCKET_PORT = 9090;

/** What a stack needs otherwise than rendered: keys that an overlay sets after including the rendered file. */
export interface Differences {
  readonly jvb: Readonly<Record<string, string>>;
  readonly jicofo: Readonly<Record<string, string>>;
  /** Paths of the meeting host that the edge leads to the bridge. */
  readonly edge: Readonly<Record<string, number>>;
}

/** The fewest that let a bridge without SCTP exchange its few messages with clients: over a websocket. */
export function differencesOf({ hasDataChannels }: Pick<Stack, "hasDataChannels">, meet: string): Differences {
  if (hasDataChannels) return { jvb: {}, jicofo: {}, edge: {} };
  return {
    jvb: {
      "videobridge.http-servers.public.host": "127.0.0.1",
      "videobridge.http-servers.public.port": String(BRIDGE_WEBSOCKET_PORT),
      "videobridge.websockets.enabled": "true",
      "videobridge.websockets.tls": "true",
      "videobridge.websockets.server-id": "bridge",
      "videobridge.websockets.domains": `["${meet}"]`,
    },
    jicofo: { "jicofo.sctp.enabled": "false" },
    edge: { "/colibri-ws/": BRIDGE_WEBSOCKET_PORT },
  };
}

/** A HOCON file that is the rendered one with some keys set anew. */
export function overlay(rendered: string, keys: Readonly<Record<string, string>>): string {
  const lines = Object.entries(keys).map(([key, value]) => `${key} = ${/^[[{]/.test(value) ? value : `"${value}"`}`);
  return [`include file("${rendered}")`, ...lines, ""].join("\n");
}

/** One line for each, for whoever reads the run. */
export function told({ jvb, jicofo, edge }: Differences): string[] {
  const lines = (file: string, keys: Readonly<Record<string, string>>) =>
    Object.entries(keys).map(([key, value]) => `${file}: ${key} = ${value}`);
  return [
    ...lines("jvb.conf", jvb),
    ...lines("jicofo.conf", jicofo),
    ...Object.entries(edge).map(([path, port]) => `edge: ${path} leads to the bridge's port ${port}`),
  ];
}
