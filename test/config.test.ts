import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InvalidConfig, loadConfig } from "../src/config.ts";
import { DEFAULT_IMAGES } from "../src/versions.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "config-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function file(text: string): string {
  const path = join(folder, "options.yaml");
  writeFileSync(path, text);
  return path;
}

describe("loadConfig", () => {
  it("needs nothing", () => {
    const config = loadConfig({}, {});
    expect(config).toMatchObject({ watchNamespaces: [], images: DEFAULT_IMAGES, workers: 8, logLevel: "info" });
    expect(config.dns.peers).toHaveLength(2);
    expect(config.frontDoor).toBeUndefined();
  });

  it("takes an empty file for no options", () => {
    expect(loadConfig({ config: file("# nothing\n") }, {}).workers).toBe(8);
  });

  it("overrides some images and keeps the others", () => {
    const { images } = loadConfig({ config: file("images: {synapse: mirror.example/synapse:1}\n") }, {});
    expect(images).toEqual({ ...DEFAULT_IMAGES, synapse: "mirror.example/synapse:1" });
  });

  it("lets a flag win over the environment, and that over the file", () => {
    const config = file("logLevel: warn\nwatchNamespaces: [a]\nworkers: 2\n");
    expect(loadConfig({ config }, {})).toMatchObject({ logLevel: "warn", watchNamespaces: ["a"], workers: 2 });
    const env = { TELEHEALTH_CONFIG: config, TELEHEALTH_LOG_LEVEL: "error", TELEHEALTH_WATCH_NAMESPACES: "b,c" };
    expect(loadConfig({}, env)).toMatchObject({ logLevel: "error", watchNamespaces: ["b", "c"], workers: 2 });
    expect(loadConfig({ logLevel: "debug", watchNamespaces: "d" }, env)).toMatchObject({
      logLevel: "debug",
      watchNamespaces: ["d"],
    });
  });

  it("lists every problem with the option's name", () => {
    const config = file("workers: 0\nlogLevl: info\nimages: {synaps: a}\nfrontDoor: [{}]\ndefaults: {exposure: {}}\n");
    const problem = () => loadConfig({ config }, {});
    expect(problem).toThrow(InvalidConfig);
    for (const option of ["workers", "logLevl", "images", "synaps", "frontDoor[0]", "defaults.exposure"]) {
      expect(problem).toThrow(option);
    }
  });

  it.each([
    ["a list", "- a\n", "options by name"],
    ["broken YAML", "a: [\n", "cannot be read"],
  ])("says what is wrong with %s", (_, text, message) => {
    expect(() => loadConfig({ config: file(text) }, {})).toThrow(message);
  });

  it("names a file that is not there", () => {
    expect(() => loadConfig({}, { TELEHEALTH_CONFIG: join(folder, "missing.yaml") })).toThrow(
      "missing.yaml cannot be read",
    );
  });

  it("is frozen through and through", () => {
    const config = loadConfig({}, {});
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.dns.peers[0])).toBe(true);
    expect(Object.isFrozen(config.images)).toBe(true);
  });
});
