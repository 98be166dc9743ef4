import { describe, expect, it } from "vitest";
import { bridge } from "../../src/components/bridge/bridge.ts";
import { front } from "../../src/components/front/front.ts";
import { signalling } from "../../src/components/signalling/signalling.ts";
import { addressesIn } from "../support/hosts.ts";
import { someParams } from "../support/practice.ts";

/** The pod itself, every address of it, the media address of the test's practice. */
const OWN = ["127.0.0.1", "0.0.0.0", "203.0.113.7"];

/** nginx' names of what is behind it. */
const UPSTREAMS = ["synapse", "signalling", "entry", "element"];

/** Dotted names in configuration files that are no hosts: files, Java's classes, switches of Element. */
const NAMES =
  /\.(?:html|js|json|pid|types|txt|pem|crt|key)$|^(?:java|org\.jitsi)\.[a-z0-9.]+$|^(?:uifeature|messagecomposerinput)\.[a-z]+$|^m\.homeserver$/;

/** Names of XML namespaces, to which nobody connects. */
const NAMESPACES = ["jitsi.org", "jabber.org", "www.w3.org"];

/** In programs most dotted names are parts of the program, so of those without a scheme only well-known ends count. */
const ENDS = /\.(?:com|net|org|io|im|de|eu|example|invalid)$|^[\d.:a-f]+$/;

const isProgram = (file: string) => file.endsWith(".lua") || file === "head.html";

function foreign(file: string, text: string): string[] {
  return addressesIn(text)
    .filter((host) => host !== "greenriver.example" && !host.endsWith(".greenriver.example"))
    .filter((host) => ![...OWN, ...UPSTREAMS].includes(host))
    .filter((host) => (isProgram(file) ? !NAMESPACES.includes(host) && ENDS.test(host) : !NAMES.test(host)));
}

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
      "interface_config.js",
      "head.html",
      "config.json",
      "prosody.cfg.lua",
      "jicofo.conf",
      "jvb.conf",
      "logging.properties",
    ]) {
      expect(names).toContain(name);
    }
  });

  it.each(files)("name nobody's address but the practice's: %s", (name, text) => {
    expect(foreign(name, text)).toEqual([]);
  });
});

describe("an address", () => {
  const ATTEMPTS = [
    "https://evil.example/x",
    "HTTPS://EVIL.EXAMPLE",
    "wss://user:password@evil.example:443/",
    "https:\\u002f\\u002fevil.example",
    "https:\\/\\/evil.example",
    "https%3A%2F%2Fevil.example",
    "gopher://evil",
    "http://3405803785/",
    "https://[2001:db8::1]/",
    "//evil.example/x.js",
    "stun:evil.example:3478",
    "turns:evil.example?transport=tcp",
    "mailto:somebody@evil.example",
    "evil.example",
    "evil.example:8443",
    "evil.example.",
    "xn--bcher-kva.xn--p1ai",
    "sub.evil-host.museum",
    "meet.greenriver.example.evil.example",
    "evilgreenriver.example",
    "203.0.113.9",
    "[2001:db8::1]:443",
  ];

  it.each(ATTEMPTS)("is found as %s", (address) => {
    for (const text of [`{"a": "${address}"}`, `  server ${address};`, `key = ${address}\n`]) {
      expect(foreign("any.conf", text), text).not.toEqual([]);
    }
  });
});
