import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { elementConfigJson } from "../../../src/components/matrix/element.ts";
import { addressesIn } from "../../support/hosts.ts";
import { somePractice } from "../../support/practice.ts";

/** What the version that we pin reads from config.json, and which of its own addresses it falls back to. */
const recorded = JSON.parse(readFileSync(new URL("keys/element.json", import.meta.url), "utf8")) as {
  readonly sources: readonly { readonly commit: string; readonly files: readonly string[] }[];
  readonly foreignDefaults: readonly string[];
  readonly keys: readonly string[];
};

const text = elementConfigJson(somePractice());
const config = JSON.parse(text) as Record<string, unknown>;

/** Paths of all values. Names of settings and of a homeserver's parts have dots themselves. */
function pathsOf(value: unknown, above = ""): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [above];
  return Object.entries(value).flatMap(([key, below]) => pathsOf(below, above ? `${above}.${key}` : key));
}
const paths = pathsOf(config);

describe("Element's config.json", () => {
  it("has only keys that the version reads, from a list that says where it was read", () => {
    expect(paths.length).toBeGreaterThan(40);
    expect(paths.filter((path) => !recorded.keys.includes(path))).toEqual([]);
    for (const { commit, files } of recorded.sources) {
      expect(commit).toMatch(/^[0-9a-f]{40}$/);
      expect(files).not.toEqual([]);
    }
  });

  it("leaves nothing out that would lead to somebody else", () => {
    expect(recorded.foreignDefaults.filter((path) => !paths.includes(path))).toEqual([]);
  });

  it("names the practice's own hosts alone", () => {
    const hosts = addressesIn(text).filter((host) => !/^(uifeature|messagecomposerinput|m)\.[a-z]+$/.test(host));
    expect(hosts.filter((host) => !host.endsWith(".greenriver.example"))).toEqual([]);
  });

  it("forces the verification of devices, and offers neither accounts, maps, reports nor analytics", () => {
    expect(config).toMatchObject({
      force_verification: true,
      disable_custom_urls: true,
      disable_guests: true,
      element_call: { disable: true, use_exclusively: false },
      jitsi: { preferred_domain: "meet.greenriver.example" },
      features: { feature_exclude_insecure_devices: true },
      setting_defaults: { "UIFeature.registration": false, "UIFeature.passwordReset": false },
    });
    for (const key of [
      "posthog",
      "sentry",
      "bug_report_endpoint_url",
      "map_style_url",
      "widget_build_url",
      "modules",
    ]) {
      expect(paths.filter((path) => path.startsWith(key))).toEqual([]);
    }
    // A call is a widget; without either the buttons are gone.
    expect(paths).not.toContain("setting_defaults.UIFeature.widgets");
    expect(paths).not.toContain("setting_defaults.UIFeature.voip");
  });
});
