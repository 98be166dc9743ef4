import { type Break, editFile, editPod, replaced } from "../../support/broken.ts";

export const METADATA_BREAKS: readonly Break[] = [
  editFile(
    "no-third-party-host",
    "a help page of somebody else",
    "front-web/config.js",
    replaced('"helpCentre": "https://go.greenriver.example/"', '"helpCentre": "https://help.example/"'),
  ),
  editFile(
    "no-third-party-host",
    "somebody else's conference server",
    "front-element/config.json",
    replaced('"preferred_domain": "meet.greenriver.example"', '"preferred_domain": "meet.element.io"'),
  ),
  editPod("no-third-party-host", "an address in the environment", "Deployment/entry", (spec) => {
    spec.containers[0].env.push({ name: "ENTRY_HELP_URL", value: "https://help.example/" });
  }),
  editFile(
    "page-contacts-nobody",
    "avatars",
    "front-web/config.js",
    replaced('"disableThirdPartyRequests": true', '"disableThirdPartyRequests": false'),
  ),
  editFile(
    "homeserver-keeps-to-itself",
    "federation",
    "synapse/homeserver.yaml",
    replaced("federation_domain_whitelist: []\n", ""),
  ),
  editFile(
    "no-stun",
    "direct connections",
    "front-web/config.js",
    replaced(/"p2p": \{\s*"enabled": false/, '"p2p": { "enabled": true'),
  ),
  editFile(
    "no-stun",
    "a bridge that asks",
    "jvb/jvb.conf",
    replaced(/"stun": \{\s*"enabled": false/, '"stun": { "enabled": true'),
  ),
  editFile(
    "no-access-log",
    "one access log",
    "front-nginx/nginx.conf",
    replaced("location = /http-bind {", "location = /http-bind { access_log /tmp/log;"),
  ),
  editFile(
    "no-access-log",
    "errors with addresses",
    "front-nginx/nginx.conf",
    replaced("error_log stderr emerg;", "error_log stderr error;"),
  ),
  editFile("no-access-log", "the default of nginx", "front-element/nginx.conf", replaced("access_log off;", "")),
  editFile(
    "client-address-dropped",
    "all headers passed on",
    "front-nginx/nginx.conf",
    replaced("proxy_pass_request_headers off;", ""),
  ),
  editFile(
    "client-address-dropped",
    "the address under another name",
    "front-nginx/nginx.conf",
    replaced("location = /http-bind {", "location = /http-bind { proxy_set_header X-Who $remote_addr;"),
  ),
  editFile(
    "client-address-dropped",
    "a homeserver that wants to know",
    "synapse/homeserver.yaml",
    replaced("x_forwarded: false", "x_forwarded: true"),
  ),
  editFile(
    "logs-only-warnings",
    "a talkative jicofo",
    "jicofo/logging.properties",
    replaced(".level = WARNING", ".level = INFO"),
  ),
  editFile(
    "logs-only-warnings",
    "one talkative logger of the bridge",
    "jvb/logging.properties",
    (text) => `${text}org.jitsi.videobridge.level = FINE\n`,
  ),
  editFile(
    "logs-only-warnings",
    "a talkative Prosody",
    "prosody/prosody.cfg.lua",
    replaced('["min"] = "warn"', '["min"] = "info"'),
  ),
  editFile("logs-only-warnings", "a talkative Synapse", "synapse/log.yaml", replaced("level: WARNING", "level: INFO")),
  editFile(
    "logs-only-warnings",
    "statements in the database's log",
    "postgres/postgresql.conf",
    replaced("log_statement = none", "log_statement = all"),
  ),
  editFile(
    "pruner-touches-no-message",
    "a pruner that deletes messages",
    "postgres/pruner.sql",
    replaced("DELETE FROM user_daily_visits;", "DELETE FROM event_json;"),
  ),
  editFile(
    "pruner-touches-no-message",
    "a pruner that reads messages",
    "postgres/pruner.sql",
    (text) => `${text}\nGRANT SELECT ON event_json TO pruner;\n\n`,
  ),
  editFile(
    "pruner-touches-no-message",
    "a pruner that is the homeserver",
    "postgres/pruner.sql",
    (text) => `${text}\nGRANT synapse TO pruner;\n\n`,
  ),
  editFile(
    "pruner-touches-no-message",
    "a pruner with all rights",
    "postgres/pruner.sql",
    replaced("NOSUPERUSER", "SUPERUSER"),
  ),
];
