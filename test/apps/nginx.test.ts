import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait.ts";
import { someParams } from "../support/practice.ts";
import { startFront, type Front } from "./support/front.ts";
import { CALL, closedPaths, ELEMENT, openPaths, PAGES, ROOM } from "./support/front-paths.ts";

const params = someParams();
const { entry, meet, matrix, chat } = params.practice.hosts;
let front: Front;

beforeAll(async () => {
  front = await startFront(params, { pages: PAGES, element: ELEMENT });
});

afterAll(() => front?.stop());

describe("the configuration", () => {
  it("passes nginx' own check without a warning", async () => {
    const said = await front.check();
    expect(said.match(/test is successful/g)).toHaveLength(2);
    expect(said).not.toMatch(/\[(warn|error|emerg)\]/);
  });
});

describe("hosts and paths", () => {
  for (const [host, path, answer] of openPaths(params.practice.hosts)) {
    it(`passes ${host}${path}`, async () => {
      const { status, body } = await front.ask(host, path);
      expect({ status, body }).toEqual({ status: 200, body: expect.stringContaining(answer) });
    });
  }

  for (const [host, path] of closedPaths(params.practice.hosts)) {
    it(`answers 404 to ${host}${path} and asks nobody`, async () => {
      const before = asked();
      expect((await front.ask(host, path)).status).toBe(404);
      expect(asked()).toBe(before);
    });
  }

  it("leads whoever came by plain HTTP to HTTPS, at every host and path, before anybody behind it is asked", async () => {
    const headers = { "x-forwarded-proto": "http" };
    const before = asked();
    for (const [host, path] of openPaths(params.practice.hosts)) {
      const { status, headers: answer } = await front.ask(host, path, { headers });
      expect({ status, location: answer.location }).toEqual({ status: 301, location: `https://${host}${path}` });
    }
    const upgrade = { ...headers, connection: "Upgrade", upgrade: "websocket" };
    expect((await front.ask(meet, "/xmpp-websocket?token=t", { headers: upgrade })).status).toBe(301);
    expect((await front.ask("unknown.example", "/", { headers })).status).toBe(404);
    expect(asked()).toBe(before);
  });

  it("says of every page in which letters it is written", async () => {
    const pages = [
      [meet, `/${ROOM}`],
      [meet, `/${CALL}`],
      [meet, "/nothing"],
      [chat, "/"],
    ] as const;
    for (const [host, path] of pages) {
      expect((await front.ask(host, path)).headers["content-type"]).toBe("text/html; charset=utf-8");
    }
  });

  it("takes only reading from Element's files", async () => {
    expect((await front.ask(chat, "/", { method: "POST" })).status).toBe(403);
  });

  it("serves Element to its own pod alone", async () => {
    await expect(fetch(`http://[::1]:${front.elementPort}/`)).rejects.toThrow("fetch failed");
  });

  it("is ready on no host of the practice", async () => {
    for (const host of [meet, matrix]) expect((await front.ask(host, "/-/ready")).status).toBe(404);
    expect((await front.ask("10.0.0.7:8080", "/-/ready")).status).toBe(200);
  });
});

describe("the exchange of a call from the chat", () => {
  const path = "/practice/exchange";
  const json = { "content-type": "application/json" };

  it("reaches the entry page at its one path, with nothing about who asks", async () => {
    const headers = { ...json, "x-forwarded-for": "198.51.100.23", cookie: "a=b", authorization: "Bearer x" };
    expect((await front.ask(meet, path, { method: "POST", headers, body: '{"openid":"t"}' })).status).toBe(200);
    const asked = front.asked("entry").at(-1);
    expect(asked).toMatchObject({ method: "POST", url: "/exchange/element", body: '{"openid":"t"}' });
    expect(Object.keys(asked?.headers ?? {}).toSorted()).toEqual([
      "content-length",
      "content-type",
      "host",
      "x-forwarded-proto",
    ]);
  });

  it("is asked by POST, and briefly", async () => {
    const before = asked();
    for (const method of ["GET", "PUT", "DELETE", "OPTIONS"]) {
      expect((await front.ask(meet, path, { method })).status).toBe(403);
    }
    const long = { ...json, "content-length": String(5 * 1024) };
    expect((await front.ask(meet, path, { method: "POST", headers: long, body: "x" })).status).toBe(413);
    expect(asked()).toBe(before);
  });

  it("is read by pages of the chat where it says how calls are entered, and by no other page elsewhere", async () => {
    const readBy = async (where: string) =>
      (await front.ask(meet, where, { headers: { origin: "https://evil.example" } })).headers[
        "access-control-allow-origin"
      ];
    expect(await readBy("/.well-known/element/jitsi")).toBe(`https://${chat}`);
    for (const where of [path, `/${ROOM}`, `/${CALL}`, "/config.js", "/nothing"])
      expect(await readBy(where)).toBeUndefined();
  });
});

describe("the meeting page", () => {
  it("has the guard first, then the whole configuration, inlined", async () => {
    const { body } = await front.ask(meet, `/${ROOM}`);
    expect(body).toContain(params.assets.guard);
    expect(body.indexOf(params.assets.guard)).toBeLessThan(body.indexOf("var config = {"));
    expect(body.indexOf("var config = {")).toBeLessThan(body.indexOf("var interfaceConfig = {"));
    expect(body).toContain("<plugin-part>");
    expect(body).toContain("<body-part>");
    expect(body).not.toContain("[an error occurred");
  });

  it("is never kept by a browser beyond the visit", async () => {
    expect((await front.ask(meet, `/${ROOM}`)).headers["cache-control"]).toBe("no-cache");
  });
});

describe("server-side includes", () => {
  const INCLUDE = '<!--#include virtual="/head.html" --><!--#echo var="document_uri" -->';

  it("are taken from the image's pages alone, not from what a backend answers", async () => {
    front.answerWith("signalling", "text/html", INCLUDE);
    expect((await front.ask(meet, "/http-bind")).body).toBe(INCLUDE);
    front.answerWith("signalling", "text/html", "signalling");
  });

  it("are not taken from what is asked", async () => {
    const hostile = encodeURIComponent(INCLUDE);
    const { body } = await front.ask(meet, `/${ROOM}?x=${hostile}`, { headers: { referer: INCLUDE, cookie: INCLUDE } });
    expect(body.match(/<script>\n/g)).toHaveLength(1);
    expect(body).not.toContain("#echo");
    expect((await front.ask(meet, `/${hostile}`)).body).toBe("nothing here");
  });
});

describe("limits", () => {
  it("refuses more than a stanza needs, before signalling hears of it", async () => {
    const before = asked();
    const headers = { "content-type": "text/xml", "content-length": String(300 * 1024) };
    expect((await front.ask(meet, "/http-bind", { method: "POST", headers, body: "x" })).status).toBe(413);
    expect(asked()).toBe(before);
  });

  it("holds so many connections to signalling and no more, and others go on", async () => {
    const held = await front.hold(meet, "/xmpp-websocket", 400);
    expect((await front.ask(meet, "/http-bind")).status).toBe(503);
    expect((await front.ask(meet, `/${ROOM}`)).status).toBe(200);
    expect((await front.ask(matrix, "/_matrix/client/versions")).status).toBe(200);
    held.release();
    await waitFor(async () => (await front.ask(meet, "/http-bind")).status === 200, {
      timeout: 10_000,
      what: "room again",
    });
  });
});

describe("what backends learn", () => {
  const REVEALING = {
    "user-agent": "Patient's Browser 1.0",
    "x-forwarded-for": "198.51.100.23",
    "x-real-ip": "198.51.100.23",
    forwarded: "for=198.51.100.23",
    "true-client-ip": "198.51.100.23",
    "cf-connecting-ip": "198.51.100.23",
    "x-anything": "198.51.100.23",
    referer: `https://${entry}/s/secret`,
  };
  const PATHS = [
    ["signalling", meet, "/http-bind"],
    ["synapse", matrix, "/_matrix/client/versions"],
    ["entry", entry, "/"],
  ] as const;
  for (const [backend, host, path] of PATHS) {
    it(`tells ${backend} neither address nor browser`, async () => {
      await front.ask(host, path, { headers: REVEALING });
      const asked = front.asked(backend).at(-1);
      expect(JSON.stringify(asked)).not.toMatch(/198\.51\.100|Patient|secret/);
      expect(asked?.headers).toMatchObject({ host, "x-forwarded-proto": "https" });
    });
  }

  it("passes what an API needs, with the path as it was sent", async () => {
    const path = "/_matrix/client/v3/rooms/%21abc%3Amatrix.greenriver.example/send/m.room.encrypted/%2F?x=%20";
    await front.ask(matrix, path, {
      method: "PUT",
      headers: { authorization: "Bearer token", "content-type": "application/json", "content-length": "2" },
      body: "{}",
    });
    const asked = front.asked("synapse").at(-1);
    expect(asked).toMatchObject({ method: "PUT", url: path });
    expect(asked?.headers).toMatchObject({ authorization: "Bearer token", "content-length": "2" });
  });

  it("passes a websocket, with the token in its query", async () => {
    const { status } = await front.ask(meet, "/xmpp-websocket?token=t", {
      headers: { connection: "Upgrade", upgrade: "websocket", "sec-websocket-protocol": "xmpp" },
    });
    expect(status).toBe(101);
    const asked = front.asked("signalling").at(-1);
    expect(asked).toMatchObject({
      method: "UPGRADE",
      url: "/xmpp-websocket?token=t",
      headers: { upgrade: "websocket", "sec-websocket-protocol": "xmpp", host: meet },
    });
  });
});

describe("what browsers are told", () => {
  const answers = [
    [meet, `/${ROOM}`],
    [meet, "/http-bind"],
    [meet, "/libs/app.bundle.min.js"],
    [meet, "/not-there"],
    [matrix, "/_matrix/client/versions"],
    [chat, "/"],
    [entry, "/"],
  ] as const;
  for (const [host, path] of answers) {
    it(`has every security header once on ${host}${path}`, async () => {
      const { headers } = await front.ask(host, path);
      expect(headers["strict-transport-security"]).toBe("max-age=63072000");
      expect(headers["referrer-policy"]).toBe("no-referrer");
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["permissions-policy"]).toContain("geolocation=()");
      expect(headers.server).toBe("nginx");
      expect(headers["x-powered-by"]).toBeUndefined();
    });
  }

  it("lets the meeting page load from the practice alone", async () => {
    const csp = String((await front.ask(meet, `/${ROOM}`)).headers["content-security-policy"]);
    expect(csp).toContain("default-src 'none'");
    expect(csp).toContain(`frame-ancestors 'self' https://${chat}`);
    expect(hostsIn(csp)).toEqual([chat, meet]);
    expect(csp).not.toContain("'unsafe-eval'");
  });

  it("lets Element load from the practice alone, and run no inline script", async () => {
    const csp = String((await front.ask(chat, "/")).headers["content-security-policy"]);
    expect(hostsIn(csp)).toEqual([matrix, meet]);
    expect(csp).toMatch(/script-src 'self' 'wasm-unsafe-eval';/);
  });
});

describe("the log", () => {
  it("holds nothing about a request, not even when a backend is away", async () => {
    await front.stopBackend("entry");
    expect((await front.ask(entry, "/s/secret-link", { headers: { "x-forwarded-for": "198.51.100.23" } })).status).toBe(
      502,
    );
    await front.ask(meet, `/${"x".repeat(200)}`);
    await front.ask(meet, "/libs/missing-secret.js");
    await front.stopBackend("signalling");
    const upgrade = { connection: "Upgrade", upgrade: "websocket" };
    expect((await front.ask(meet, "/xmpp-websocket?room=secret&token=secret", { headers: upgrade })).status).toBe(502);
    expect((await front.ask(meet, `/http-bind?token=${"secret".repeat(3000)}`)).status).toBe(414);
    const log = await front.log();
    expect(log).not.toMatch(/secret|198\.51\.100|127\.0\.0\.1|client:|request:/);
  });
});

function asked(): number {
  return (["signalling", "synapse", "entry"] as const).reduce((sum, name) => sum + front.asked(name).length, 0);
}

function hostsIn(csp: string): string[] {
  return [...new Set([...csp.matchAll(/[a-z]+:\/\/([^\s;"]+)/g)].map((match) => match[1] ?? ""))].toSorted();
}
