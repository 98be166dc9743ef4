import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { isProven } from "../../../src/practice/app-versions.ts";
import { headHtml } from "../../../src/components/jitsi/head.ts";
import { DEFAULT_IMAGES } from "../../../src/versions.ts";
import { someParams, somePractice } from "../../support/practice.ts";

const { guard } = someParams().assets;

/** A browser that cannot encrypt: what does not need one is done all the same. Calls are in test/apps/guard.test.ts. */
function page({ hash = "", search = "" } = {}) {
  const listeners: Record<string, (() => void)[]> = {};
  const element = (): object => ({ dataset: {}, setAttribute: () => undefined, appendChild: () => undefined });
  const location = { pathname: "/room", search, hash };
  const history = {
    replaceState: (_state: unknown, _title: string, address: string) => {
      const [path = "", fragment] = address.split("#");
      Object.assign(location, { pathname: path, search: "", hash: fragment ? `#${fragment}` : "" });
    },
  };
  const window = {
    stop: () => undefined,
    addEventListener: (type: string, listener: () => void) => (listeners[type] ??= []).push(listener),
  };
  const document = { documentElement: element(), createElement: element, querySelector: () => null };
  const navigator = { language: "de-DE", userAgent: "" };
  runInNewContext(guard, { window, document, location, history, navigator });
  return {
    location,
    goTo: (fragment: string) => {
      location.hash = fragment;
      for (const listener of listeners.hashchange ?? []) listener();
    },
  };
}

const TOKEN = "jwt=%22abc.def.ghi%22";

describe("the address", () => {
  const kept = [
    `#${TOKEN}`,
    `#${TOKEN}&userInfo.displayName=%22Anna%20B%22`,
    "#config.startWithAudioMuted=true&config.startWithVideoMuted=false",
    "#config.prejoinConfig.enabled=false",
  ];
  for (const hash of kept) {
    it(`keeps ${hash}`, () => expect(page({ hash }).location.hash).toBe(hash));
  }

  const dropped = [
    "config.e2ee.disabled=true",
    "config.e2ee.externallyManagedKey=true",
    "config.testing.disableE2EE=true",
    "config.p2p.enabled=true",
    'config={"e2ee":{"disabled":true}}',
    "config=%7B%22e2ee%22%3A%7B%22disabled%22%3Atrue%7D%7D",
    "interfaceConfig={}",
    "interfaceConfig.X=1",
    "iceServers.replace=[]",
    "appData.x=1",
    "%63onfig.e2ee.disabled=true",
    "__proto__=1",
    "constructor.prototype.x=1",
    'config.startWithAudioMuted={"a":1}',
    "config.startWithAudioMuted.x=true",
    "jwt=raw.token.here",
    "jwt=%22a.b.c%22%2C1",
    "CONFIG.e2ee.disabled=true",
    " config.e2ee.disabled=true",
    "config.e2ee.disabled",
    "=true",
  ];
  for (const part of dropped) {
    it(`drops ${part}`, () => {
      expect(page({ hash: `#${part}` }).location.hash).toBe("");
      expect(page({ hash: `#${TOKEN}&${part}&config.startWithVideoMuted=true` }).location.hash).toBe(
        `#${TOKEN}&config.startWithVideoMuted=true`,
      );
    });
  }

  it("keeps the first of two with one name", () => {
    expect(page({ hash: `#${TOKEN}&jwt=%22x.y.z%22` }).location.hash).toBe(`#${TOKEN}`);
  });

  it("drops the query, where a token would reach logs", () => {
    expect(page({ search: "?jwt=a.b.c&config.e2ee.disabled=true", hash: `#${TOKEN}` }).location).toMatchObject({
      search: "",
      hash: `#${TOKEN}`,
    });
  });

  it("does so again when it changes later", () => {
    const browser = page();
    browser.goTo("#config.e2ee.disabled=true");
    expect(browser.location.hash).toBe("");
  });
});

describe("the script", () => {
  it("is small", () => {
    expect(Buffer.byteLength(guard)).toBeLessThan(32_000);
  });

  it("is no older browser's syntax error, which would leave the page without it", () => {
    expect(guard).not.toMatch(/\w\?\.|\?\?|\|\|=|&&=/);
  });

  it("leaves no trace of being made of modules", () => {
    expect(guard).not.toMatch(/^\s*(import|export)\b/m);
  });
});

describe("what the page tells it", () => {
  const told = (changes: Parameters<typeof somePractice>[0]) => headHtml(somePractice(changes), { guard: "" });

  it("is the practice's own", () => {
    const { video } = somePractice();
    const head = told({ locale: "en", video: { ...video, verification: "required" } });
    expect(head).toContain('<meta name="practice-locale" content="en">');
    expect(head).toContain('<meta name="practice-verification" content="required">');
    expect(head).toContain('<meta name="practice-entry" content="https://go.greenriver.example">');
    expect(head).toContain('<meta name="practice-app" content="proven">');
  });

  const unproven = [
    "ghcr.io/jitsi/web:stable-99999",
    "ghcr.io/jitsi/web:stable-11146-10",
    "ghcr.io/jitsi/web",
    `ghcr.io/jitsi/web@sha256:${"0".repeat(64)}`,
    "registry.example:5000/jitsi/web",
  ];
  for (const jitsiWeb of unproven) {
    it(`is that ${jitsiWeb} was not proven`, () => {
      expect(isProven(jitsiWeb)).toBe(false);
      expect(told({ images: { ...DEFAULT_IMAGES, jitsiWeb } })).toContain('"practice-app" content="unproven"');
    });
  }

  it("is that the version of the release was, wherever it comes from", () => {
    expect(isProven(DEFAULT_IMAGES.jitsiWeb)).toBe(true);
    expect(isProven(`registry.example:5000/web:stable-11146-1@sha256:${"0".repeat(64)}`)).toBe(true);
  });
});
