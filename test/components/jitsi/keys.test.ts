import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { configJs } from "../../../src/components/jitsi/config.ts";
import { interfaceConfigJs } from "../../../src/components/jitsi/interface-config.ts";
import { jicofoConf } from "../../../src/components/jitsi/jicofo.ts";
import { jvbConf } from "../../../src/components/jitsi/jvb.ts";
import { readHocon } from "../../support/hocon.ts";
import { somePractice } from "../../support/practice.ts";

/**
 * Keys that the version of Jitsi we pin really reads, with the places where each list was read. Programs pass over
 * a key that they do not know without a word, so a typo, or a key of another version, would promise nothing.
 */
function recorded(file: string): ReadonlySet<string> {
  const text = readFileSync(new URL(`keys/${file}.json`, import.meta.url), "utf8");
  return new Set((JSON.parse(text) as { keys: string[] }).keys);
}

/** Paths of all values; what is below a name of our own choice, or in a list of objects, is below `*`. */
function pathsOf(settings: unknown, above = ""): string[] {
  if (Array.isArray(settings)) {
    const objects = settings.filter((item) => typeof item === "object");
    return objects.length > 0 ? objects.flatMap((item) => pathsOf(item, `${above}.*`)) : [above];
  }
  if (typeof settings !== "object" || settings === null) return [above];
  return Object.entries(settings).flatMap(([key, below]) => {
    const name = above.endsWith(".xmpp-client.configs") ? "*" : key;
    return pathsOf(below, above ? `${above}.${name}` : name);
  });
}

const practice = somePractice();

function script(text: string, name: string): unknown {
  const context: Record<string, unknown> = {};
  runInNewContext(text, context);
  return context[name];
}

const ENVIRONMENT = { JICOFO_PASSWORD: "x", JVB_PASSWORD: "x", POD_NAME: "x", POD_IP: "10.0.0.7" };
const FILES = {
  config: () => script(configJs(practice), "config"),
  "interface-config": () => script(interfaceConfigJs(), "interfaceConfig"),
  jicofo: () => readHocon(jicofoConf(practice), ENVIRONMENT),
  jvb: () => readHocon(jvbConf(practice, [{ ip: "203.0.113.7", port: 10_000 }], "IPv4"), ENVIRONMENT),
} as const;

describe("keys of the configuration", () => {
  it.each(Object.entries(FILES))("%s: all are read by the version that runs", async (file, read) => {
    const known = recorded(file);
    const paths = pathsOf(await read());
    expect(paths.length).toBeGreaterThan(20);
    expect(paths.filter((path) => !known.has(path))).toEqual([]);
  });

  it.each(Object.keys(FILES))("%s: the list says where it was read", (file) => {
    const text = readFileSync(new URL(`keys/${file}.json`, import.meta.url), "utf8");
    const { sources } = JSON.parse(text) as { sources: { files: string[]; commit?: string; versions?: string[] }[] };
    for (const { files, commit, versions } of sources) {
      expect(files.length).toBeGreaterThan(0);
      expect(commit ?? versions?.join(" ")).toMatch(/^[0-9a-f]{40}$|^\d+\.\d+\.\d+/);
    }
  });

  it("are missed when one is wrong", async () => {
    const typo = await readHocon(
      jicofoConf(practice).replace('"enable-auto-owner"', '"enable-auto-owners"'),
      ENVIRONMENT,
    );
    expect(pathsOf(typo).filter((path) => !recorded("jicofo").has(path))).toEqual([
      "jicofo.conference.enable-auto-owners",
    ]);
  });
});
