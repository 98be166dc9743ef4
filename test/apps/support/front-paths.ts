import type { Hosts } from "../../../src/practice/practice.ts";
import { conferenceOf } from "./rooms.ts";

/** An opaque room name. */
export const ROOM = "k3mz7q0a9xw2b5c8d1e4f6g7h8";
/** What Element calls the call of a room. */
export const CALL = conferenceOf("!kTuPfRmNzXbWqLsDhG:matrix.greenriver.example");

/** The meeting page as the image has it, in small: the includes are what matters. */
export const PAGES = {
  "index.html": `<html><head>
<!--#include virtual="head.html" -->
<script><!--#include virtual="/config.js" --></script>
<script><!--#include virtual="/interface_config.js" --></script>
<!--#include virtual="base.html" --><!--#include virtual="plugin.head.html" -->
</head><body><!--#include virtual="body.html" --></body></html>`,
  "base.html": "<base-part>",
  "plugin.head.html": "<plugin-part>",
  "body.html": "<body-part>",
  "title.html": "<title-part>",
  "static/404.html": "nothing here",
  "libs/app.bundle.min.js": "app",
  "transcripts/secret.txt": "a transcript",
  "package.json": "{}",
};
/** Files of Element, in small. */
export const ELEMENT = {
  "index.html": "<element>",
  "bundles/x.js": "bundle",
  "config.sample.json": "{}",
  "usercontent/index.html": "<user content>",
};

/** What answers, with a part of the answer; backends that are not real answer with their name. */
export function openPaths({
  entry,
  meet,
  matrix,
  chat,
}: Hosts): readonly (readonly [host: string, path: string, answer: string])[] {
  return [
    [meet, `/${ROOM}`, "<base-part>"],
    [meet, `/${CALL}?jwt=x`, "<base-part>"],
    [meet, "/.well-known/element/jitsi", '{"auth":"openidtoken-jwt"}'],
    [meet, "/libs/app.bundle.min.js?v=1", "app"],
    [meet, "/http-bind?room=x", "signalling"],
    [matrix, "/_matrix/client/versions", "synapse"],
    [matrix, "/_matrix/media/v3/config", "synapse"],
    [matrix, "/_synapse/client/pick_username", "synapse"],
    [matrix, "/.well-known/matrix/client", "synapse"],
    [chat, "/", "<element>"],
    [chat, "/bundles/x.js", "bundle"],
    [chat, "/usercontent/", "<user content>"],
    [chat, "/config.json", "default_server_config"],
    [entry, "/", "entry"],
    [entry, "/s/anything", "entry"],
  ];
}

/** Surfaces of the programs behind the front, by their projects' own documentation: none has a host where it answers. */
const SURFACES = [
  // Synapse
  "/_synapse/admin/v1/register",
  "/_synapse/admin/v2/users",
  "/_synapse/metrics",
  "/_synapse/replication/",
  "/_synapse/jwks",
  "/_synapse/mas/x",
  "/_matrix/federation/v1/version",
  "/_matrix/key/v2/server",
  "/_matrix/identity/v2",
  "/_matrix/push/v1/notify",
  "/_matrix/app/v1/transactions/1",
  "/.well-known/matrix/server",
  "/.well-known/matrix/support",
  // Prosody
  "/admin",
  "/admin_telnet",
  "/bosh",
  "/metrics",
  "/room-size?room=x",
  "/room-info",
  "/room?room=x",
  "/sessions",
  "/status",
  "/conference-request/v1",
  "/practice/busy",
  "/practice/control",
  "/practice/exchange/element",
  "/ready",
  // JVB and jicofo
  "/about/health",
  "/about/version",
  "/colibri/stats",
  "/colibri/shutdown",
  "/colibri/drain",
  "/colibri/v2/conferences",
  "/colibri-ws/x",
  "/debug",
  "/debug/conferences-full",
  "/stats",
  "/rtcstats",
  // nginx and what lies about on servers
  "/nginx_status",
  "/stub_status",
  "/server-status",
  "/.git/config",
  "/.env",
  "/debug/pprof/",
  "/-/anything",
];

/** Ways around the list that servers have fallen for, and what only looks like a path of it. */
function listed({ entry, meet, matrix, chat }: Hosts): readonly (readonly [string, string])[] {
  return [
    [meet, "/ready"],
    [meet, "/http-bind/"],
    [meet, "/http-bind/../ready"],
    [meet, "/xmpp-websocket/x"],
    [meet, "/health"],
    [meet, "/metrics"],
    [meet, "/colibri/stats"],
    [meet, "/about/health"],
    [meet, `/${ROOM.slice(0, 25)}`],
    [meet, `/${"a".repeat(65)}`],
    [meet, `/${ROOM.toUpperCase()}`],
    [meet, `/${ROOM}_`],
    [meet, `/${ROOM}/`],
    [meet, `/tenant/${ROOM}`],
    [meet, "/practice/control"],
    [meet, "/practice/busy"],
    [meet, "/admin"],
    [meet, "/debug"],
    [meet, "/colibri/v2/conferences"],
    [meet, "/colibri-ws/x"],
    [meet, "/conference-request/v1"],
    [meet, "/rtcstats"],
    [meet, "/room-info"],
    [meet, "/index.html"],
    [meet, "/guard.js"],
    [meet, "/http-bind/../practice/busy"],
    [meet, "/http-bind%2f..%2fpractice/busy"],
    [entry, "/-/practice/busy"],
    [meet, "/transcripts/secret.txt"],
    [meet, "/libs/../transcripts/secret.txt"],
    [meet, "/libs/..%2ftranscripts/secret.txt"],
    [meet, "/package.json"],
    [meet, "/head.html"],
    [meet, "/body.html"],
    [meet, "/.well-known/element/jitsi/"],
    [meet, "/.well-known/element/jitsi/x"],
    [meet, "/.well-known/matrix/client"],
    [meet, "/practice/exchange/"],
    [meet, "/practice/exchange/element"],
    [meet, "/exchange/element"],
    [meet, `/${CALL.toLowerCase()}=`],
    [meet, `/A${CALL}`],
    [meet, `/${CALL}1`],
    [meet, "/EFTUKU"],
    [meet, "/_matrix/client/versions"],
    [matrix, "/"],
    [matrix, "/_synapse/admin/v1/users"],
    [matrix, "/_matrix/client/../../_synapse/admin/v1/users"],
    [matrix, "/_matrix/client/%2e%2e/%2e%2e/_synapse/admin/v1/users"],
    [matrix, "/_matrix/client/..%2f..%2f_synapse/admin/v1/users"],
    [matrix, "//_synapse/admin/v1/users"],
    [matrix, "/_synapse/client/../admin/v1/users"],
    [matrix, "/_synapse//admin/v1/users"],
    [matrix, "/_synapse/mas/x"],
    [matrix, "/_matrix/federation/v1/version"],
    [matrix, "/_matrix/key/v2/server"],
    [matrix, "/_matrix/clientx"],
    [matrix, "/.well-known/matrix/server"],
    [matrix, "/.well-known/matrix/client/x"],
    [matrix, "/health"],
    [matrix, "/metrics"],
    [entry, "/-/ready"],
    [entry, "/-/anything"],
    [chat, "/-/ready"],
    [chat, "/config.sample.jsonx"],
    ["unknown.example", "/"],
    ["unknown.example", "/_matrix/client/versions"],
    [`${meet}.evil.example`, "/config.js"],
    ["127.0.0.1", "/http-bind"],
  ];
}

/** What answers 404, and asks nobody behind the front. The entry page answers for its host itself. */
export function closedPaths(hosts: Hosts): readonly (readonly [host: string, path: string])[] {
  const { meet, matrix, chat } = hosts;
  const others = openPaths(hosts).flatMap(([owner, path]) =>
    [meet, matrix, chat].filter((host) => host !== owner && path !== "/").map((host) => [host, path] as const),
  );
  const surfaces = [meet, matrix].flatMap((host) => SURFACES.map((path) => [host, path] as const));
  return [...new Map([...listed(hosts), ...others, ...surfaces].map((pair) => [pair.join(), pair])).values()];
}
