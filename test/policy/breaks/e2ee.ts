import { DEFAULT_IMAGES } from "../../../src/versions.ts";
import { and, type Break, edit, editFile, editPod, replaced } from "../../support/broken.ts";

export const E2EE_BREAKS: readonly Break[] = [
  editFile("guard-before-app", "another guard", "front-web/head.html", replaced("forget();", "")),
  editFile(
    "guard-before-app",
    "a script before the guard",
    "front-web/head.html",
    (head) => `<script>1</script>${head}`,
  ),
  {
    ...editFile(
      "guard-before-app",
      "the comparison of symbols made optional",
      "front-web/head.html",
      replaced('"practice-verification" content="required"', '"practice-verification" content="prompt"'),
    ),
    choice: { spec: { video: { verification: "required" } } },
  },
  {
    ...editFile(
      "guard-before-app",
      "an app that was not proven called proven",
      "front-web/head.html",
      replaced('"practice-app" content="unproven"', '"practice-app" content="proven"'),
    ),
    choice: { options: { images: { ...DEFAULT_IMAGES, jitsiWeb: "ghcr.io/jitsi/web:stable-99999" } } },
  },
  editFile(
    "guard-before-app",
    "another setting before the practice's own",
    "front-web/head.html",
    (head) => `<meta name="practice-app" content="unproven">${head}`,
  ),
  editFile("guard-before-app", "no head in the page", "front-nginx/nginx.conf", replaced("ssi on;", "")),
  editFile(
    "guard-before-app",
    "the image's own head",
    "front-nginx/nginx.conf",
    replaced("location = /head.html { internal; alias /etc/jitsi/web/head.html; }", ""),
  ),
  editFile(
    "configuration-forces-encryption",
    "keys from outside",
    "front-web/config.js",
    replaced('"externallyManagedKey": false', '"externallyManagedKey": true'),
  ),
  and(
    ["no-recording-in-browser", "no-side-channel", "no-stun", "page-contacts-nobody"],
    editFile(
      "configuration-forces-encryption",
      "a setting that the script inherits",
      "front-web/config.js",
      replaced("{", '{ "__proto__": { "hiddenDomain": "recorder.example" },'),
    ),
  ),
  editFile("no-side-channel", "chat", "front-web/config.js", replaced('"disableChat": true', '"disableChat": false')),
  editFile(
    "no-side-channel",
    "a shared document",
    "front-web/config.js",
    replaced("{", '{ "etherpad_base": "https://meet.greenriver.example/p/",'),
  ),
  editFile(
    "room-modules-as-shipped",
    "a module that lets everybody in",
    "room-modules/mod_practice_room.lua",
    () => "return nil",
  ),
  editFile(
    "room-modules-as-shipped",
    "another folder looked at first",
    "prosody/prosody.cfg.lua",
    replaced('plugin_paths = { "/prosody-plugins-custom/"', 'plugin_paths = { "/prosody-plugins/"'),
  ),
  and(
    ["programs-as-listed"],
    editPod("room-modules-as-shipped", "a mount over the modules", "StatefulSet/signalling", (spec) => {
      spec.containers[0].volumeMounts.push({
        name: "prosody-tmp",
        mountPath: "/prosody-plugins-custom/mod_practice_room.lua",
      });
    }),
  ),
  editFile(
    "every-login-needs-proof",
    "anonymous participants",
    "prosody/prosody.cfg.lua",
    replaced('authentication = "room_token"', 'authentication = "anonymous"'),
  ),
  editFile(
    "every-login-needs-proof",
    "one host more",
    "prosody/prosody.cfg.lua",
    (text) => `${text}VirtualHost "guests.greenriver.example"\n  authentication = "anonymous"\n`,
  ),
  editFile(
    "room-rules-in-force",
    "rooms without rules",
    "prosody/prosody.cfg.lua",
    replaced('modules_enabled = { "practice_room"; ', "modules_enabled = { "),
  ),
  editFile(
    "room-rules-in-force",
    "participants who may speak to anybody",
    "prosody/prosody.cfg.lua",
    replaced(
      '"practice_session"; "practice_firewall"; "practice_control"; "practice_ready" }\n',
      '"practice_session" }\n',
    ),
  ),
  editFile(
    "room-rules-in-force",
    "patients who need not wait",
    "prosody/prosody.cfg.lua",
    replaced('modules_enabled = { "practice_room"; "practice_lobby"; ', 'modules_enabled = { "practice_room"; '),
  ),
  editFile(
    "room-rules-in-force",
    "somebody else exempt",
    "prosody/prosody.cfg.lua",
    replaced('practice_room_focus = "focus@', 'practice_room_focus = "jvb@'),
  ),
  editFile(
    "room-rules-in-force",
    "breakout rooms",
    "prosody/prosody.cfg.lua",
    (text) => `${text}Component "breakout.meet.greenriver.example" "muc"\n  restrict_room_creation = true\n`,
  ),
  editPod("ready-only-with-rules", "a probe of something else", "StatefulSet/signalling", (spec) => {
    spec.containers[0].readinessProbe = { tcpSocket: { port: "http" } };
  }),
  editFile(
    "ready-only-with-rules",
    "one module less demanded",
    "prosody/prosody.cfg.lua",
    replaced('["muc.meet.greenriver.example"] = { "practice_room"; ', '["muc.meet.greenriver.example"] = { '),
  ),
  editFile(
    "rooms-encrypted-by-default",
    "unencrypted rooms",
    "synapse/homeserver.yaml",
    replaced(
      '"encryption_enabled_by_default_for_room_type": "all"',
      '"encryption_enabled_by_default_for_room_type": "off"',
    ),
  ),
  editFile(
    "message-policy-loaded",
    "no module",
    "synapse/homeserver.yaml",
    replaced("practice_policy.PracticePolicy", "other.Policy"),
  ),
  editFile(
    "message-policy-loaded",
    "another module",
    "synapse-rules/practice_policy.py",
    () => "class PracticePolicy: pass",
  ),
  editPod("programs-as-listed", "a shell around it", "StatefulSet/bridge", (spec) => {
    spec.containers[0].command = ["sh", "-c", "java"];
  }),
  editPod("programs-as-listed", "an option that overrides the file", "StatefulSet/bridge", (spec) => {
    spec.containers[0].args.unshift("-Dvideobridge.rest.debug.enabled=true");
  }),
  editPod("programs-as-listed", "a debugger in the responder", "StatefulSet/bridge", (spec) => {
    spec.containers[1].command.splice(1, 0, "--inspect=0.0.0.0");
  }),
  editPod("programs-as-listed", "a file in place of the application's", "Deployment/front", (spec) => {
    spec.containers[0].volumeMounts.push({ name: "web", mountPath: "/usr/share/jitsi-meet/libs", subPath: "evil" });
  }),
  editPod("programs-as-listed", "code loaded by the environment", "Deployment/entry", (spec) => {
    spec.containers[0].env.push({ name: "NODE_OPTIONS", value: "--import=x" });
  }),
  editPod("hooks-as-listed", "a probe that copies", "StatefulSet/signalling", (spec) => {
    spec.containers[0].livenessProbe = { exec: { command: ["sh", "-c", "cp -r /proc /tmp"] } };
  }),
  editPod("hooks-as-listed", "a question to somebody else", "StatefulSet/bridge", (spec) => {
    spec.containers[0].readinessProbe.exec.command[4] = "http://10.0.0.1:8080/about/health";
  }),
  editPod("hooks-as-listed", "something that runs at the start", "Deployment/front", (spec) => {
    spec.containers[0].lifecycle = { postStart: { exec: { command: ["sh", "-c", "true"] } } };
  }),
  editPod("hooks-as-listed", "more than the script", "StatefulSet/bridge", (spec) => {
    spec.containers[0].lifecycle.preStop.exec.command.push("-x");
  }),
  editPod("hooks-as-listed", "a hook where none is needed", "StatefulSet/synapse", (spec) => {
    spec.containers[0].lifecycle = { preStop: { exec: { command: ["sh", "/data/drain.sh"] } } };
  }),
  editPod("hooks-as-listed", "a command beside a pause", "StatefulSet/bridge", (spec) => {
    spec.containers[1].lifecycle.preStop.exec = { command: ["sh", "-c", "true"] };
  }),
  editFile("hooks-as-listed", "another script", "jvb/drain.sh", () => "exit 0\n"),
  and(
    ["room-modules-as-shipped", "ready-only-with-rules", "logs-only-warnings"],
    editFile(
      "configuration-readable",
      "a program in the configuration",
      "prosody/prosody.cfg.lua",
      (text) => `${text}Include "/tmp/*.lua"\n`,
    ),
  ),
  and(
    ["message-policy-loaded", "rooms-encrypted-by-default", "homeserver-keeps-to-itself", "logs-only-warnings"],
    editFile(
      "configuration-readable",
      "YAML that is no JSON: what it means depends on who reads it",
      "synapse/homeserver.yaml",
      replaced('"max_upload_size":', "max_upload_size:"),
    ),
  ),
  and(
    ["logs-only-warnings"],
    edit("configuration-readable", "a file from a volume", "StatefulSet/postgres", (set) => {
      const { containers } = set.spec.template.spec;
      containers[0].command[4] = "config_file=/var/lib/postgresql/data/postgresql.conf";
    }),
  ),
];
