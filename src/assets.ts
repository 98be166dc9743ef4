import { readFileSync } from "node:fs";

/** Files that we ship and mount: the guard script, Prosody and Synapse modules, scripts that wait for the end of calls. */
export interface Assets {
  /** The script that runs in the meeting page before the app. */
  readonly guard: string;
  /** Prosody modules, and the libraries that they share, by file name. */
  readonly prosodyModules: Readonly<Record<string, string>>;
  /** The Synapse module. */
  readonly practicePolicy: string;
  /** Shell scripts that run before the bridge, or Prosody and jicofo, are stopped. */
  readonly drain: { readonly bridge: string; readonly signalling: string };
}

const PROSODY_MODULES = [
  "mod_auth_room_token.lua",
  "mod_auth_service_account.lua",
  "mod_practice_control.lua",
  "mod_practice_deadline.lua",
  "mod_practice_firewall.lua",
  "mod_practice_lobby.lua",
  "mod_practice_log.lua",
  "mod_practice_ready.lua",
  "mod_practice_room.lua",
  "mod_practice_session.lua",
  "practice_keys.lib.lua",
  "practice_window.lib.lua",
];

/** The parts of the guard, in the order in which they run. */
const GUARD = ["texts.js", "page.js", "address.js", "element.js", "media.js", "guard.js"];

/** One script of its parts: modules for whoever reads them, one function for the page, so that nothing is left outside. */
function guardScript(read: (path: string) => string): string {
  const parts = GUARD.map((file) => read(`components/jitsi/assets/guard/${file}`));
  const code = parts.map((part) => part.replaceAll(/^import .*\n|^export (?=function)/gm, ""));
  return `(function () {\n"use strict";\n${code.join("\n")}})();\n`;
}

/** Reads every asset once. The only reader of asset files, so that rendering stays pure. */
export function loadAssets(): Assets {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
  return Object.freeze({
    guard: guardScript(read),
    prosodyModules: Object.freeze(
      Object.fromEntries(PROSODY_MODULES.map((file) => [file, read(`components/jitsi/assets/${file}`)])),
    ),
    practicePolicy: read("components/matrix/assets/practice_policy.py"),
    drain: Object.freeze({
      bridge: read("components/jitsi/assets/drain-bridge.sh"),
      signalling: read("components/jitsi/assets/drain-signalling.sh"),
    }),
  });
}
