import { readFileSync } from "node:fs";

/** Files that we ship and mount: the guard script, Prosody and Synapse modules, scripts that wait for the end of calls. */
export interface Assets {
  /** The script that runs in the meeting page before the app. */
  readonly guard: string;
  /** Prosody modules by file name. */
  readonly prosodyModules: Readonly<Record<string, string>>;
  /** The Synapse module. */
  readonly practicePolicy: string;
  /** Shell scripts that run before the bridge, or Prosody and jicofo, are stopped. */
  readonly drain: { readonly bridge: string; readonly signalling: string };
}

const PROSODY_MODULES = [
  "mod_auth_room_token.lua",
  "mod_auth_service_account.lua",
  "mod_practice_room.lua",
  "mod_practice_ready.lua",
];

/** Reads every asset once. The only reader of asset files, so that rendering stays pure. */
export function loadAssets(): Assets {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
  return Object.freeze({
    guard: read("components/jitsi/assets/guard.js"),
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
