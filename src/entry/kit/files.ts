import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Site } from "../pages/views.ts";
import { chromePolicies, edgePolicies } from "./chromium.ts";
import { firefoxPolicies } from "./firefox.ts";
import { ublockFilters } from "./ublock.ts";

/** A file of the kit. */
export interface KitFile {
  readonly name: string;
  readonly text: string;
  /** SHA-256 of the text, 64 hexadecimal digits. */
  readonly sha256: string;
}

export type KitFileName =
  | "policies.json"
  | "chrome.json"
  | "edge.json"
  | "ublock.txt"
  | "tunnel.conf"
  | "kill-switch.sh";

const read = (file: string) => readFileSync(new URL(file, import.meta.url), "utf8");
const KILL_SWITCH = read("kill-switch.sh");
const TUNNEL = read("tunnel.conf");
const json = (value: object) => `${JSON.stringify(value, undefined, 2)}\n`;

/** Hardening for the practice's own devices, made for its hosts. The same hosts give the same bytes. */
export function kitFiles(site: Pick<Site, "hosts">): Readonly<Record<KitFileName, KitFile>> {
  return {
    "policies.json": fileOf("policies.json", json(firefoxPolicies(site))),
    "chrome.json": fileOf("chrome.json", json(chromePolicies(site))),
    "edge.json": fileOf("edge.json", json(edgePolicies(site))),
    "ublock.txt": fileOf("ublock.txt", `${ublockFilters(site).join("\n")}\n`),
    "tunnel.conf": fileOf("tunnel.conf", TUNNEL),
    "kill-switch.sh": fileOf("kill-switch.sh", KILL_SWITCH),
  };
}

function fileOf(name: KitFileName, text: string): KitFile {
  return { name, text, sha256: createHash("sha256").update(text).digest("hex") };
}
