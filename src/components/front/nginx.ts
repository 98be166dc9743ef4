import type { Practice } from "../../practice/practice.ts";
import { ENTRY_PORT } from "../entry/environment.ts";
import { XMPP_HTTP_PORT } from "../jitsi/xmpp.ts";
import { STAFF_SIGN_IN_PATH, SYNAPSE_PORTS } from "../matrix/homeserver.ts";
import { chatHeaders, entryHeaders, matrixHeaders, meetHeaders } from "./headers.ts";

export const FRONT_PORT = 8080;
export const ELEMENT_PORT = 8081;
/** Answers for the pod's own probes on no host of the practice. */
export const FRONT_READY_PATH = "/-/ready";

/** Where the files that the meeting page inlines are mounted. */
export const WEB_FILES = "/etc/jitsi/web";

/** Where Element asks how a call is entered (element-web: `apps/web/src/widgets/Jitsi.ts`, `getJitsiAuth`). */
const CALL_LOOKUP = "/.well-known/element/jitsi";

/** What Element calls the call of a room: base32, in capitals, of its id, which begins with `!`. */
const CALL_NAME = "E[EF][A-Z2-7]{28,460}";

/**
 * `nginx.conf` of the front pod, whole: one server per host with a list of exact paths, 404 for everything
 * else and for every other host. Towards the backends only listed request headers pass, so no client address
 * and no browser name does. Nothing is logged about a request.
 */
export function frontNginxConf(practice: Practice): string {
  return `${mainBlock()}
http {
${httpBlock()}
${upstreams(practice)}
${defaultServer()}
${meetServer(practice)}
${matrixServer(practice)}
${chatServer(practice)}
${entryServer(practice)}
}
`;
}

/** Process settings for an nginx that may write to /tmp only. Also used for Element's own nginx. */
export function mainBlock(): string {
  return `worker_processes 1;
pid /tmp/nginx.pid;
error_log stderr warn;

events {
  worker_connections 4096;
}
`;
}

/** Settings of every server. Below `emerg` nginx names clients and paths in its errors. */
export function httpBlock(): string {
  return `  include /etc/nginx/mime.types;
  types {
    audio/wav wav;
  }
  default_type application/octet-stream;
  # The guard stands before what a page says itself about its letters, farther from the start than browsers must look.
  charset utf-8;
  client_body_temp_path /tmp/body;
  proxy_temp_path /tmp/proxy;
  fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi;
  scgi_temp_path /tmp/scgi;

  access_log off;
  error_log stderr emerg;
  server_tokens off;
  absolute_redirect off;
  sendfile on;
  tcp_nodelay on;
  keepalive_timeout 75s;
  client_header_timeout 15s;
  client_max_body_size 1m;
  large_client_header_buffers 4 16k;
  server_names_hash_bucket_size 512;
  gzip on;
  gzip_min_length 1024;
  gzip_types text/css application/javascript application/json image/svg+xml application/wasm;
`;
}

function upstreams({ names, hosts }: Practice): string {
  return `  map $http_upgrade $connection_upgrade {
    default upgrade;
    "" "";
  }
  # Everybody comes from the same few addresses, so a limit per client would be one for all. These bound memory.
  limit_conn_zone $server_name zone=signalling:64k;
  proxy_http_version 1.1;
  proxy_pass_request_headers off;
  proxy_request_buffering off;
  proxy_max_temp_file_size 0;
  proxy_connect_timeout 5s;
  proxy_hide_header X-Powered-By;
  proxy_hide_header Strict-Transport-Security;
  proxy_hide_header Referrer-Policy;
  proxy_hide_header X-Content-Type-Options;
  proxy_hide_header Permissions-Policy;
  # Whose pages may read an answer of the meeting host: Element asks how calls are entered.
  map $uri $read_by {
    default "";
    ${CALL_LOOKUP} https://${hosts.chat};
  }

  upstream signalling {
    server ${names.signalling}:${XMPP_HTTP_PORT} max_fails=0;
  }
  upstream synapse {
    server ${names.synapse}:${SYNAPSE_PORTS.client} max_fails=0;
  }
  upstream entry {
    server ${names.entry}:${ENTRY_PORT} max_fails=0;
  }
  upstream element {
    server 127.0.0.1:${ELEMENT_PORT} max_fails=0;
  }
`;
}

function defaultServer(): string {
  return `  server {
    listen ${FRONT_PORT} default_server;
    server_name _;
    location = ${FRONT_READY_PATH} { default_type text/plain; return 200 "ready\\n"; }
    location / { return 404; }
  }
`;
}

const NOTHING_ELSE = "    location / { return 404; }";

/**
 * Whoever came by plain HTTP is led to HTTPS. An Ingress cannot ask for that, and not every controller does it by
 * itself; all of them tell how somebody came. Challenges are answered by other pods and never come here.
 */
function server(host: string, ...parts: readonly string[]): string {
  return `  server {
    listen ${FRONT_PORT};
    server_name ${host};
    if ($http_x_forwarded_proto = http) { return 301 https://${host}$request_uri; }
${parts.join("\n")}
  }
`;
}

function meetServer(practice: Practice): string {
  const { meet } = practice.hosts;
  return server(
    meet,
    meetHeaders(practice),
    `    add_header Access-Control-Allow-Origin $read_by always;

    root /usr/share/jitsi-meet;
    index index.html;
    ssi on;
    error_page 404 /static/404.html;

    location = /config.js { alias ${WEB_FILES}/config.js; }
    location = /interface_config.js { alias ${WEB_FILES}/interface_config.js; }
    location = /head.html { internal; alias ${WEB_FILES}/head.html; }
    location ~ ^/(base|fonts|title|plugin\\.head|body)\\.html$ { internal; }
    location = /index.html { internal; expires -1; }
    location = / { rewrite ^ /index.html last; }
    location ~ "^/([a-z0-9]{26,64}|${CALL_NAME})$" { rewrite ^ /index.html last; }
    location = ${CALL_LOOKUP} { default_type application/json; return 200 '{"auth":"openidtoken-jwt"}'; }

    location ~ ^/(libs|css|static|images|fonts|lang|sounds)/ { try_files $uri =404; expires 1h; }
    location = /manifest.json { try_files $uri =404; }
    location = /pwa-worker.js { try_files $uri =404; }
    location = /robots.txt { try_files $uri =404; }

    location = /http-bind {
${proxied("signalling", meet, ["Content-Type", "Accept", "Origin"])}
      ssi off;
      client_max_body_size 256k;
      limit_conn signalling 400;
      proxy_buffering off;
      proxy_read_timeout 120s;
    }
    location = /xmpp-websocket {
${proxied("signalling", meet, ["Origin", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"])}
      proxy_set_header Upgrade $http_upgrade;
      ssi off;
      limit_conn signalling 400;
      proxy_buffering off;
      proxy_read_timeout 180s;
      proxy_send_timeout 180s;
    }
    location = /practice/exchange {
      limit_except POST { deny all; }
${proxied("entry/exchange/element", practice.hosts.entry, ["Content-Type", "Accept", "Origin"])}
      ssi off;
      client_max_body_size 4k;
    }`,
    NOTHING_ELSE,
  );
}

const API_HEADERS = [
  "Authorization",
  "Content-Type",
  "Accept",
  "Accept-Language",
  "Origin",
  "Cookie",
  "Range",
  "If-None-Match",
  "If-Modified-Since",
  "Access-Control-Request-Method",
  "Access-Control-Request-Headers",
];

/** Of a form's origin browsers say nothing but this where the page sends no referrer. */
const ENTRY_HEADERS = ["Content-Type", "Accept", "Accept-Language", "Origin", "Sec-Fetch-Site", "Cookie"];

function matrixServer(practice: Practice): string {
  const { matrix } = practice.hosts;
  const passed = `${proxied("synapse", matrix, API_HEADERS)}
      proxy_read_timeout 120s;
    }`;
  const toSynapse = `{
${passed}`;
  return server(
    matrix,
    matrixHeaders(),
    `    client_max_body_size 50m;
    # A report keeps what somebody wrote about a message, in clear, and no module of Synapse can refuse it.
    location ~ ^/_matrix/client/.+/report(/|$) { return 404; }
    # Nor a text of one's own in a profile; names are given by the practice, from inside.
    location ~ ^/_matrix/client/.+/profile/ {
      limit_except GET OPTIONS { deny all; }
${passed}
${staffSignIn(practice, passed)}    location /_matrix/client/ ${toSynapse}
    location /_matrix/media/ ${toSynapse}
    location /_synapse/client/ ${toSynapse}
    location = /.well-known/matrix/client ${toSynapse}`,
    NOTHING_ELSE,
  );
}

/** Synapse's own place where a sign-in through a provider begins asks for TLS on its very listener; ours does not. */
function staffSignIn({ staff }: Practice, passed: string): string {
  if (!staff.oidc) return "";
  return `    location ~ ^/_matrix/client/(v3|r0)/login/sso/redirect(/oidc-staff)?$ {
      rewrite ^ ${STAFF_SIGN_IN_PATH} break;
${passed}
`;
}

function chatServer(practice: Practice): string {
  const { chat } = practice.hosts;
  return server(
    chat,
    chatHeaders(practice),
    `    location / {
      limit_except GET { deny all; }
${proxied("element", chat, ["Accept", "Range", "If-None-Match", "If-Modified-Since"])}
    }`,
  );
}

function entryServer(practice: Practice): string {
  const { entry } = practice.hosts;
  return server(
    entry,
    entryHeaders(),
    `    location /-/ { return 404; }
    location / {
${proxied("entry", entry, ENTRY_HEADERS)}
    }`,
  );
}

/**
 * Lines that pass a request on with the listed headers, the practice's own host and nothing about the client. A path
 * after the upstream's name is asked for in place of the one that came in.
 */
function proxied(upstream: string, host: string, headers: readonly string[]): string {
  const passed = headers.map((header) => {
    const variable = header.toLowerCase().replaceAll("-", "_");
    return `      proxy_set_header ${header} $http_${variable};`;
  });
  return [
    `      proxy_pass http://${upstream};`,
    `      proxy_set_header Host ${host};`,
    `      proxy_set_header X-Forwarded-Proto https;`,
    `      proxy_set_header Connection $connection_upgrade;`,
    ...passed,
  ].join("\n");
}
