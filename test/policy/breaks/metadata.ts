import { loadAssets } from "../../../src/assets.ts";
import { type Break, edit, editFile, editPod, replaced } from "../../support/broken.ts";

/** Where the entry page is told which STUN servers devices try. */
function trials(spec: { containers: { env: { name: string; value: string }[] }[] }) {
  const found = spec.containers[0]?.env.find(({ name }) => name === "ENTRY_STUN");
  if (!found) throw new Error("The entry page is told no STUN server.");
  return found;
}

export const METADATA_BREAKS: readonly Break[] = [
  editFile(
    "no-third-party-host",
    "a help page of somebody else",
    "front-web/config.js",
    replaced('"helpCentre": "https://go.greenriver.example/"', '"helpCentre": "https://help.example/"'),
  ),
  editFile(
    "no-third-party-host",
    "an address behind escapes",
    "front-web/config.js",
    replaced(
      '"helpCentre": "https://go.greenriver.example/"',
      String.raw`"helpCentre": "https:\u002f\u002fhelp.example/"`,
    ),
  ),
  editFile(
    "no-third-party-host",
    "an address behind a name of ours",
    "front-web/config.js",
    replaced(
      '"helpCentre": "https://go.greenriver.example/"',
      '"helpCentre": "https://go.greenriver.example:x@help.example/"',
    ),
  ),
  editFile(
    "no-third-party-host",
    "an unusual way to somebody else",
    "front-web/config.js",
    replaced('"helpCentre": "https://go.greenriver.example/"', '"helpCentre": "gopher://help.example/"'),
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
  editPod(
    "no-third-party-host",
    "a STUN server behind our guard, which is not looked at",
    "Deployment/entry",
    (spec) => {
      const { guard } = loadAssets();
      const { env } = spec.containers[0];
      // Were the guard only taken out, with its last line break, the two would read as one word.
      env.push({ name: "ENTRY_A", value: `_${guard.slice(0, -1)}` });
      env.push({ name: "ENTRY_B", value: "stun:help.example:3478" });
    },
  ),
  editPod("no-third-party-host", "somebody else's STUN server beside our own", "Deployment/entry", (spec) => {
    trials(spec).value += " stun:stun.help.example:3478";
  }),
  editPod("no-third-party-host", "a STUN server at a port that is not the practice's", "Deployment/entry", (spec) => {
    trials(spec).value = "stun:198.51.100.7:3478";
  }),
  edit(
    "no-third-party-host",
    "a STUN server at an address that the manifest does not name",
    "Deployment/entry",
    (deployment) => {
      const variable = trials(deployment.spec.template.spec);
      variable.value = variable.value.replace("203.0.113.7", "198.51.100.7");
    },
    { spec: { video: { media: { addresses: [{ ip: "203.0.113.7" }] } } } },
  ),
  editFile(
    "page-contacts-nobody",
    "avatars",
    "front-web/config.js",
    replaced('"disableThirdPartyRequests": true', '"disableThirdPartyRequests": false'),
  ),
  editFile(
    "page-contacts-nobody",
    "a log that is kept to be sent",
    "front-web/config.js",
    replaced('"disableLogCollector": true', '"disableLogCollector": false'),
  ),
  editFile(
    "page-contacts-nobody",
    "a script beside the settings",
    "front-web/interface_config.js",
    (text) => `${text}alert(1);\n`,
  ),
  editFile(
    "page-contacts-nobody",
    "a script within the settings",
    "front-web/interface_config.js",
    replaced('"APP_NAME": ""', '"APP_NAME": "</script><script>alert(1)</script>"'),
  ),
  editFile(
    "homeserver-keeps-to-itself",
    "federation",
    "synapse/homeserver.yaml",
    replaced('"federation_domain_whitelist": [],', ""),
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
    replaced('"addresses": []', '"addresses": ["203.0.113.1:3478"]'),
  ),
  editFile(
    "no-stun",
    "the pod's own address",
    "jvb/jvb.conf",
    replaced('"advertise-private-candidates": false', '"advertise-private-candidates": true'),
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
    replaced('"x_forwarded": false', '"x_forwarded": true'),
  ),
  editFile(
    "logs-only-warnings",
    "warnings of all that jicofo consists of",
    "jicofo/logging.properties",
    replaced("\n.level = OFF", "\n.level = WARNING"),
  ),
  editFile(
    "logs-only-warnings",
    "one logger of the bridge that names participants",
    "jvb/logging.properties",
    (text) => `${text}org.jitsi.videobridge.Endpoint.level = WARNING\n`,
  ),
  editFile(
    "logs-only-warnings",
    "the room before every line",
    "jvb/logging.properties",
    replaced("java.util.logging.SimpleFormatter\n", "org.jitsi.utils.logging2.JitsiLogFormatter\n"),
  ),
  editFile(
    "logs-only-warnings",
    "what was thrown, with the stanza in it",
    "jicofo/logging.properties",
    replaced("%5$s%n", "%5$s%6$s%n"),
  ),
  editFile(
    "logs-only-warnings",
    "a file beside the output",
    "jicofo/logging.properties",
    replaced("handlers = ", "handlers = java.util.logging.FileHandler, "),
  ),
  editFile(
    "logs-only-warnings",
    "addresses in what ice4j says",
    "jvb/jvb.conf",
    replaced(/("harvest"[^]*"redact-remote-addresses": )true/, "$1false"),
  ),
  editFile(
    "logs-only-warnings",
    "a talkative Prosody",
    "prosody/prosody.cfg.lua",
    replaced('["min"] = "warn"', '["min"] = "info"'),
  ),
  editFile(
    "logs-only-warnings",
    "a talkative Synapse",
    "synapse/log.yaml",
    replaced('"level": "WARNING"', '"level": "INFO"'),
  ),
  editFile(
    "logs-only-warnings",
    "what Synapse says of people in its pod's status",
    "synapse/log.yaml",
    replaced("synapse.app._base", "synapse.handlers"),
  ),
  editFile(
    "logs-only-warnings",
    "everything that Synapse says in its pod's status",
    "synapse/log.yaml",
    replaced(/("root": \{[^}]*)"console"/, '$1"told"'),
  ),
  editFile(
    "logs-only-warnings",
    "errors with what was asked for in the database's log",
    "postgres/postgresql.conf",
    replaced("log_min_messages = log", "log_min_messages = error"),
  ),
  editPod(
    "status-names-nobody",
    "the last lines of Synapse's log in its pod's status",
    "StatefulSet/synapse",
    (spec) => {
      spec.containers[0].terminationMessagePolicy = "FallbackToLogsOnError";
    },
  ),
  editPod("status-names-nobody", "a file of its data in the bridge's status", "StatefulSet/bridge", (spec) => {
    spec.containers[0].terminationMessagePath = "/tmp/call";
  }),
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
