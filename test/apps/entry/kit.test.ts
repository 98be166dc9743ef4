import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { globSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Browser } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { firefoxPolicies } from "../../../src/entry/kit/firefox.ts";
import { chromePolicies } from "../../../src/entry/kit/chromium.ts";
import { kitFiles } from "../../../src/entry/kit/files.ts";
import { someSite } from "../../entry/support/gallery.ts";
import { waitFor } from "../../bed/wait.ts";
import { unpackedPackages } from "../support/debian.ts";
import { startFirefox } from "../support/firefox.ts";
import { policiesShown, type ShownPolicies } from "../support/managed-chromium.ts";

const site = someSite("en");
const files = kitFiles(site);

/** Firefox writes origins with a slash at the end. */
const asFirefoxWrites = (value: object) =>
  JSON.parse(JSON.stringify(value).replaceAll(/"(https:\/\/[a-z.]+\.example)"/g, '"$1/"')) as { policies: object };

describe("policies.json", () => {
  let firefox: Browser;
  beforeAll(async () => {
    firefox = await startFirefox({ policies: files["policies.json"].text, inside: true });
  });
  afterAll(() => firefox?.close());

  it("is accepted by Firefox as a whole, and read back from it", async () => {
    const page = await firefox.newPage();
    await page.goto("about:policies", { waitUntil: "domcontentloaded", timeout: 5_000 }).catch(() => undefined); // it never settles
    const isActive = () => page.evaluate("Services.policies.status === Services.policies.ACTIVE") as Promise<boolean>;
    await waitFor(isActive, { what: "Firefox to call its policies active" });
    const active = JSON.parse(
      String(await page.evaluate("JSON.stringify(Services.policies.getActivePolicies())")),
    ) as object;
    expect(active).toEqual(asFirefoxWrites(firefoxPolicies(site)).policies);
    const set = await page.evaluate(
      `({
      addresses: Services.prefs.getBoolPref("media.peerconnection.ice.default_address_only"),
      locked: Services.prefs.prefIsLocked("media.peerconnection.ice.default_address_only"),
      webrtc: Services.prefs.getBoolPref("media.peerconnection.enabled"),
      https: Services.prefs.getBoolPref("dom.security.https_only_mode"),
      telemetry: Services.policies.isAllowed("removeTelemetry") ,
      camera: ["https://meet.greenriver.example", "https://elsewhere.example"].map((origin) =>
        Services.perms.testExactPermissionFromPrincipal(
          Services.scriptSecurityManager.createContentPrincipalFromOrigin(origin), "camera")),
      others: Services.prefs.getIntPref("permissions.default.camera"),
    })`,
    );
    // 1 allows, 2 denies: Firefox' nsIPermissionManager.
    expect(set).toMatchObject({ addresses: true, locked: true, webrtc: true, https: true, camera: [1, 2], others: 2 });
  });
});

describe("the filters, in the distribution's uBlock Origin", () => {
  let server: Server;
  let origin: (host: string) => string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      const script = request.url?.endsWith(".js");
      response.writeHead(200, { "Content-Type": script ? "text/javascript" : "text/html" });
      response.end(
        script
          ? `loaded.push(document.currentScript.dataset.from)`
          : `<!doctype html><title>x</title><script>var loaded = []</script>`,
      );
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    origin = (host) => `http://${host}:${port}`;
  });
  afterAll(() => server?.close());

  const HOSTS = [
    "go.greenriver.example",
    "meet.greenriver.example",
    "matrix.greenriver.example",
    "elsewhere.example",
    "greenriver.example.evil.example",
  ];
  /** Firefox with the extension and its policies; tells from which hosts a page of `host` gets a script. */
  async function withExtension(extension: object) {
    const root = await unpackedPackages("ublock", ["webext-ublock-origin-firefox"]);
    const [manifest = ""] = globSync(
      join(root, "usr/share/mozilla/extensions/*/uBlock0@raymondhill.net/manifest.json"),
    );
    const firefox = await startFirefox({
      policies: JSON.stringify({ policies: { "3rdparty": { Extensions: { "uBlock0@raymondhill.net": extension } } } }),
    });
    await firefox.installExtension(dirname(manifest));
    const page = await firefox.newPage();
    const loadedBy = async (host: string) => {
      await page.goto(`${origin(host)}/`);
      return page.evaluate(
        `(async () => {
          for (const [host, url] of ${JSON.stringify(HOSTS.map((one) => [one, `${origin(one)}/x.js`]))}) {
            const script = Object.assign(document.createElement("script"), { src: url });
            script.dataset.from = host;
            await new Promise((settled) => { script.onload = script.onerror = settled; document.head.append(script); });
          }
          return loaded;
        })()`,
      ) as Promise<string[]>;
    };
    return { loadedBy, close: () => firefox.close() };
  }
  const { "3rdparty": third } = (
    firefoxPolicies(site) as { policies: { "3rdparty": { Extensions: Record<string, object> } } }
  ).policies;

  it("are the text that people paste by hand", () => {
    expect(third.Extensions["uBlock0@raymondhill.net"]).toEqual({
      toOverwrite: { filters: files["ublock.txt"].text.trim().split("\n") },
    });
  });

  it("let a page of the practice load from the practice alone, and leave other pages as they are", async () => {
    const without = await withExtension({});
    const before = await without.loadedBy("chat.greenriver.example").finally(without.close);
    expect(before).toEqual(HOSTS);
    const { loadedBy, close } = await withExtension(third.Extensions["uBlock0@raymondhill.net"] ?? {});
    try {
      // Until its lists are loaded, it lets everything through.
      await waitFor(async () => !(await loadedBy("chat.greenriver.example")).includes("elsewhere.example"), {
        what: "uBlock Origin to block",
      });
      for (const host of HOSTS.slice(0, 3)) expect(await loadedBy(host)).toEqual(HOSTS.slice(0, 3));
      for (const host of HOSTS.slice(3)) expect(await loadedBy(host)).toEqual(HOSTS);
    } finally {
      await close();
    }
  });
});

describe("chrome.json", () => {
  let shown: ShownPolicies;
  beforeAll(async () => {
    shown = await policiesShown(files["chrome.json"].text);
  });

  it("names only what Chromium knows", () => {
    expect(shown.known.length).toBeGreaterThan(300);
    expect(Object.keys(chromePolicies(site)).filter((name) => !shown.known.includes(name))).toEqual([]);
  });

  it("is taken by Chromium with each of its values", () => {
    const taken = Object.fromEntries(Object.entries(shown.given).map(([name, { value }]) => [name, value]));
    expect(taken).toEqual(chromePolicies(site));
    expect(Object.entries(shown.given).flatMap(([name, { error }]) => (error ? [`${name}: ${error}`] : []))).toEqual(
      [],
    );
  });
});
