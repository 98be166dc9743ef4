import { describe, expect, it } from "vitest";
import { bridge } from "../../src/components/bridge/bridge.ts";
import { front } from "../../src/components/front/front.ts";
import { signalling } from "../../src/components/signalling/signalling.ts";
import { someParams } from "../support/practice.ts";

/** Names of XML namespaces, the pod's own upstreams and the pod itself: nobody else is connected to. */
const ALLOWED = new Set([
  "127.0.0.1:8080",
  "127.0.0.1:5281",
  "jitsi.org",
  "jabber.org",
  "www.w3.org",
  "synapse",
  "signalling",
  "entry",
  "element",
]);

describe("files of the video part", () => {
  const params = someParams();
  const files = [front, signalling, bridge]
    .flatMap(({ build }) => build(params))
    .filter(({ kind }) => kind === "ConfigMap")
    .flatMap(({ data }) => Object.entries(data as Record<string, string>));

  it("are all there", () => {
    const names = files.map(([name]) => name);
    for (const name of [
      "nginx.conf",
      "config.js",
      "head.html",
      "config.json",
      "prosody.cfg.lua",
      "jicofo.conf",
      "jvb.conf",
    ]) {
      expect(names).toContain(name);
    }
  });

  for (const [name, text] of files) {
    it(`name no address but the practice's own: ${name}`, () => {
      const addresses = [...text.matchAll(/(?:https?|wss?|stun|turns?):\/?\/?([^\s"'/;\\)]+)/g)].map(
        (match) => match[1] ?? "",
      );
      const outside = addresses.filter((host) => !host.endsWith("greenriver.example"));
      expect([...new Set(outside)].filter((host) => !ALLOWED.has(host))).toEqual([]);
    });

    it(`name no foreign domain: ${name}`, () => {
      const domains = [...text.matchAll(/\b(?:[a-z0-9-]+\.)+(?:com|net|org|io|im|de|eu)\b/gi)].map(
        ([domain]) => domain,
      );
      const outside = domains.filter((domain) => !ALLOWED.has(domain));
      expect([...new Set(outside)]).toEqual([]);
    });
  }
});
