import { describe, expect, it } from "vitest";
import { examine, readTlsSecret } from "../../src/controller/tls-secret.ts";
import type { LiveObject } from "../../src/manifest.ts";
import { createAuthority } from "../bed/pki.ts";

const HOSTS = ["go.greenriver.example", "meet.greenriver.example"];
const DAY_MS = 86_400_000;
const authority = await createAuthority();
const good = await authority.issue({ user: "hosts", dnsNames: HOSTS });

function secret(cert: string, key: string) {
  const encode = (text: string) => Buffer.from(text).toString("base64");
  const data = { "tls.crt": encode(cert), "tls.key": encode(key) };
  return readTlsSecret({ data } as unknown as LiveObject);
}

function look(content: ReturnType<typeof secret> | undefined, days = 0) {
  return examine("edge-tls", content, HOSTS, new Date(Date.now() + days * DAY_MS));
}

describe("a Secret with a certificate", () => {
  it("is good until its certificate ends", () => {
    const examined = look(secret(good.cert, good.key));
    expect(examined.flaw).toBeUndefined();
    expect("until" in examined && examined.until.getTime() - Date.now()).toBeGreaterThan(29 * DAY_MS);
  });

  it("is good with a wildcard above the hosts, and with a chain behind the certificate", async () => {
    const wildcard = await authority.issue({ user: "hosts", dnsNames: ["*.greenriver.example"] });
    expect(look(secret(`${wildcard.cert}\n${authority.cert}`, wildcard.key)).flaw).toBeUndefined();
  });

  it("names the hosts it is not for, and goes by no common name", async () => {
    const other = await authority.issue({ user: "meet.greenriver.example", dnsNames: [HOSTS[0] ?? ""] });
    expect(look(secret(other.cert, other.key)).flaw).toEqual({
      reason: "CertificateForOtherHosts",
      message:
        "The certificate in Secret edge-tls is not for meet.greenriver.example; it is for go.greenriver.example.",
    });
    const nameless = await authority.issue({ user: "meet.greenriver.example" });
    expect(look(secret(nameless.cert, nameless.key)).flaw?.message).toContain("it is for no host name at all");
  });

  it.each([
    ["is not there", undefined, 0, "CertificateMissing", /is not there/],
    ["holds no key", secret(good.cert, ""), 0, "CertificateMissing", /lacks tls\.key/],
    ["holds neither", secret("", ""), 0, "CertificateMissing", /lacks tls\.crt and tls\.key/],
    ["holds something else", secret("hello", good.key), 0, "CertificateUnusable", /no certificate/],
    ["holds no private key", secret(good.cert, good.cert), 0, "CertificateUnusable", /no private key/],
    ["holds another key", secret(good.cert, authority.key), 0, "CertificateUnusable", /not the key/],
    ["is over", secret(good.cert, good.key), 31, "CertificateExpired", /expired on \d{4}-\d\d-\d\d/],
    ["has not begun", secret(good.cert, good.key), -1, "CertificateUnusable", /begins only on/],
  ] as const)("says so when it %s", (_, content, days, reason, message) => {
    const { flaw } = look(content, days);
    expect(flaw?.reason).toBe(reason);
    expect(flaw?.message).toMatch(message);
    expect(flaw?.message).toContain(HOSTS.join(", "));
  });
});
