import { beforeAll, describe, expect, it } from "vitest";
import { jicofoConf } from "../../../src/components/jitsi/jicofo.ts";
import { jvbConf } from "../../../src/components/jitsi/jvb.ts";
import { prosodyCfg } from "../../../src/components/jitsi/prosody.ts";
import { readHocon } from "../../support/hocon.ts";
import { somePractice } from "../../support/practice.ts";

const practice = somePractice();

describe("jicofo.conf", () => {
  let conf: unknown;
  beforeAll(async () => {
    conf = await readHocon(jicofoConf(practice), { JICOFO_PASSWORD: 'a "secret" ${POD_NAME}' });
  });

  it("logs in as the focus, inside the pod, with the certificate checked", () => {
    expect(conf).toMatchObject({
      jicofo: {
        bridge: { "brewery-jid": "jvbbrewery@internal-muc.meet.greenriver.example" },
        xmpp: {
          client: {
            hostname: "127.0.0.1",
            domain: "auth.meet.greenriver.example",
            "xmpp-domain": "meet.greenriver.example",
            "conference-muc-jid": "muc.meet.greenriver.example",
            "client-proxy": "focus.meet.greenriver.example",
            username: "focus",
            password: 'a "secret" ${POD_NAME}',
            "disable-certificate-verification": false,
            "use-tls": true,
          },
          service: { enabled: false },
          "trusted-domains": [],
        },
        authentication: { enabled: false },
      },
    });
  });

  it("names no recorder, gateway or transcriber", () => {
    const { jicofo } = conf as { jicofo: Record<string, unknown> };
    for (const block of ["jibri", "jibri-sip", "jigasi", "transcription", "translation"]) {
      expect(jicofo).not.toHaveProperty(block);
    }
    expect(jicofo).toMatchObject({ visitors: { enabled: false }, octo: { enabled: false } });
    expect(jicofo).not.toHaveProperty("xmpp.visitors");
  });

  it("answers inside the pod only, and makes nobody a moderator by itself", () => {
    expect(conf).toMatchObject({
      jicofo: {
        rest: {
          host: "127.0.0.1",
          debug: { enabled: false },
          pin: { enabled: false },
          "move-endpoints": { enabled: false },
          "conference-request": { enabled: false },
        },
        conference: { "enable-auto-owner": false, "enable-moderator-checks": true },
      },
    });
  });
});

describe("jvb.conf", () => {
  const environment = { JVB_PASSWORD: "secret", POD_NAME: "greenriver-bridge-0", POD_IP: "10.0.0.7" };
  const addresses = [
    { ip: "203.0.113.7", port: 30_080 },
    { ip: "192.0.2.1", port: 10_000 },
  ];
  let conf: unknown;
  beforeAll(async () => {
    conf = await readHocon(jvbConf(practice, addresses, "IPv4"), environment);
  });

  it("says everything that its connection needs, with the certificate checked", () => {
    expect(conf).toMatchObject({
      videobridge: {
        apis: {
          "xmpp-client": {
            configs: {
              signalling: {
                HOSTNAME: "greenriver-signalling",
                PORT: 5222,
                DOMAIN: "jvb.meet.greenriver.example",
                USERNAME: "jvb",
                PASSWORD: "secret",
                MUC_JIDS: "jvbbrewery@internal-muc.meet.greenriver.example",
                MUC_NICKNAME: "greenriver-bridge-0",
                DISABLE_CERTIFICATE_VERIFICATION: false,
                SECURITY_MODE: "required",
              },
            },
          },
        },
      },
    });
  });

  it("advertises every address of the practice, and not the pod's", () => {
    expect(conf).toMatchObject({
      videobridge: {
        ice: { udp: { port: 30_080 }, "advertise-private-candidates": false, "resolve-remote-candidates": false },
      },
      ice4j: {
        harvest: {
          mapping: {
            aws: { enabled: false },
            stun: { addresses: [] },
            "static-mappings": [
              {
                "local-address": "10.0.0.7",
                "local-port": 30_080,
                "public-address": "203.0.113.7",
                "public-port": 30_080,
              },
              {
                "local-address": "10.0.0.7",
                "local-port": 30_080,
                "public-address": "192.0.2.1",
                "public-port": 10_000,
              },
            ],
          },
        },
      },
    });
  });

  it("answers inside the pod only, and dumps nothing", () => {
    expect(conf).toMatchObject({
      videobridge: {
        "http-servers": { private: { host: "127.0.0.1" }, public: { port: -1, "tls-port": -1 } },
        rest: {
          debug: { enabled: false },
          rtcstats: { enabled: false },
          shutdown: { enabled: false },
          version: { enabled: false },
        },
        apis: { rest: { enabled: false } },
        relay: { enabled: false },
        websockets: { enabled: false },
      },
    });
    expect(conf).not.toHaveProperty("jmt.debug");
    expect(conf).not.toHaveProperty("videobridge.exporter");
  });

  it("keeps addresses out of what it logs", () => {
    expect(conf).toMatchObject({
      videobridge: { "redact-remote-addresses": true, "redact-colibri-http-headers": true },
      ice4j: { "redact-remote-addresses": true },
    });
  });

  it("is not read without its password", async () => {
    await expect(readHocon(jvbConf(practice, addresses, "IPv4"), { POD_NAME: "x", POD_IP: "x" })).rejects.toThrow(
      /JVB_PASSWORD/,
    );
  });

  it.each([
    ["192.168.1.50", true],
    ["10.1.2.3", true],
    ["172.31.0.1", true],
    ["fd12:3456::1", true],
    ["172.32.0.1", false],
    ["100.64.0.1", false],
    ["2001:db8:fd00::1", false],
  ])("tells clients of private addresses only where it is reached at one: %s", async (ip, told) => {
    expect(await readHocon(jvbConf(practice, [{ ip, port: 30_080 }], "IPv4"), environment)).toMatchObject({
      videobridge: { ice: { "advertise-private-candidates": told } },
    });
  });

  it.each([
    ["IPv4", "10.0.0.7", "greenriver-bridge-0"],
    ["IPv6", "greenriver-bridge-0", "10.0.0.7"],
  ] as const)("finds the second address by the pod's name where %s is the first", async (first, forIPv4, forIPv6) => {
    const both = [addresses[0], { ip: "2001:db8::7", port: 30_080 }].filter((address) => address !== undefined);
    expect(await readHocon(jvbConf(practice, both, first), environment)).toMatchObject({
      ice4j: {
        harvest: {
          mapping: {
            "static-mappings": [
              { "public-address": "203.0.113.7", "local-address": forIPv4 },
              { "public-address": "2001:db8::7", "local-address": forIPv6 },
            ],
          },
        },
      },
    });
  });

  it("listens on a port that needs no root when everybody else uses 443", async () => {
    const { media, ...video } = practice.video;
    const behind443 = somePractice({ video: { ...video, media: { ...media, port: 443 } } });
    expect(await readHocon(jvbConf(behind443, [{ ip: "203.0.113.7", port: 443 }], "IPv4"), environment)).toMatchObject({
      videobridge: { ice: { udp: { port: 10_000 } } },
      ice4j: { harvest: { mapping: { "static-mappings": [{ "local-port": 10_000, "public-port": 443 }] } } },
    });
  });
});

describe("prosody.cfg.lua", () => {
  const file = prosodyCfg(practice);

  it("holds no secret, only the files that do", () => {
    expect(file.match(/FileLine\("[^"]+"\)/g)).toEqual([
      'FileLine("/etc/jitsi/secrets/focus-password")',
      'FileLine("/etc/jitsi/secrets/bridge-password")',
    ]);
  });

  it("federates with nobody, keeps nothing and logs warnings only", () => {
    expect(file).toContain('storage = "memory"');
    expect(file).toContain("s2s_ports = {  }");
    expect(file).toContain('levels = { ["min"] = "warn" }'.replace("levels", '["levels"]'));
    expect(file).not.toMatch(/debug/);
  });

  it("asks readiness for every module of ours on its host", () => {
    expect(file).toContain(
      '["muc.meet.greenriver.example"] = { "practice_room"; "practice_lobby"; "practice_deadline" }',
    );
    expect(file).toContain(
      '["meet.greenriver.example"] = { "auth_room_token"; "practice_session"; "practice_firewall"; ',
    );
    expect(file).toContain('["auth.meet.greenriver.example"] = { "auth_service_account" }');
    expect(file).toContain('["jvb.meet.greenriver.example"] = { "auth_service_account" }');
  });
});
