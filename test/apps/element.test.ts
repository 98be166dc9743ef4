import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Frame, Page } from "playwright-core";
import { waitFor } from "../bed/wait.ts";
import { call, type Chat, CONFERENCE, entered, OPENID, ROOM, ROOM_ID, ROOM_TOKEN, startChat } from "./support/chat.ts";

let chat: Chat;
beforeAll(async () => (chat = await startChat()));
afterEach(async () => {
  chat.letIn();
  await chat.closePages();
});
afterAll(() => chat?.stop());

const text = (frame: Frame) => frame.evaluate<string>("document.body ? document.body.innerText : ''");
const shows = (frame: Frame, words: string) =>
  waitFor(async () => (await text(frame)).includes(words), { what: `“${words}”`, timeout: 10_000 });
const news = (page: Page) => page.evaluate<string[]>("chat.news");

describe("a call from a room", () => {
  it("opens in the practice's room, with a token of the practice's own", async () => {
    const before = chat.asked().length;
    const { frame } = await call(chat);
    await entered(frame);
    expect(await frame.evaluate("location.pathname + location.hash")).toBe(
      `/${ROOM}#jwt=%22${ROOM_TOKEN}%22&jitsi_meet_external_api_id=0`,
    );
    const asked = chat.asked().slice(before);
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ method: "POST", url: "/exchange/element" });
    expect(JSON.parse(asked[0]?.body ?? "")).toEqual({ openid: OPENID, room: ROOM_ID });
    expect(asked[0]?.headers).toMatchObject({ host: chat.hosts.entry, origin: `https://${chat.hosts.meet}` });
  });

  it("leaves Element's token neither in the address nor in what the browser keeps nor in a log", async () => {
    const { page, frame } = await call(chat);
    await entered(frame);
    const kept = await frame.evaluate<string>(
      "JSON.stringify([location.href, document.referrer, { ...localStorage }, { ...sessionStorage }, document.cookie])",
    );
    expect(kept).toContain(ROOM_TOKEN);
    expect(kept).not.toContain(OPENID);
    await frame.evaluate("location.reload()");
    await entered(frame);
    await page.goBack().catch(() => undefined);
    expect(page.frames().map((one) => one.url())).not.toContainEqual(expect.stringContaining("jwt=eyJ"));
    expect(await chat.front.log()).not.toContain(OPENID);
  });

  it("makes itself known to Element, which ends it, and obeys no other word", async () => {
    const { page, frame } = await call(chat);
    await entered(frame);
    await frame.evaluate("stub.join()");
    await waitFor(async () => (await news(page)).includes("video-conference-joined"), { what: "the news" });
    await page.evaluate(
      `chat.command("toggle-e2ee", false); chat.command("overwrite-config", { e2ee: { disabled: true } })`,
    );
    await page.evaluate(`chat.command("video-hangup", true)`);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await frame.evaluate("[stub.room.enabled, Boolean(config.e2ee.disabled), stub.hungUp]")).toEqual([
      true,
      false,
      0,
    ]);
    await page.evaluate(`chat.command("video-hangup")`);
    await waitFor(async () => (await news(page)).includes("video-conference-left"), { what: "the end" });
    await shows(frame, "Das Gespräch ist beendet.");
    expect(await frame.evaluate("document.querySelectorAll('a').length")).toBe(0);
  });

  it("has the guard over all that, and starts no app at Element's own address", async () => {
    chat.answer(503, { reason: "away" });
    const { frame } = await call(chat);
    await shows(frame, "ließ sich nicht vorbereiten");
    expect(await frame.evaluate("[location.pathname, location.hash, typeof window.APP]")).toEqual([
      `/${CONFERENCE}`,
      "",
      "undefined",
    ]);
    expect(await frame.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }])")).toBe("[{},{}]");
  });

  const refusals: readonly [answer: [status: number, body: object], words: string, again: boolean][] = [
    [[401, {}], "Ihre Anmeldung ließ sich nicht bestätigen", false],
    [[403, { reason: "notMember" }], "Sie sind nicht in dem Raum", false],
    [[403, { reason: "notOpened" }], "noch nicht geöffnet", true],
    [[403, { reason: "over" }], "Das Gespräch ist beendet", false],
    [[503, { reason: "away" }], "ließ sich nicht vorbereiten", true],
    [[200, { room: "../evil", token: ROOM_TOKEN }], "ließ sich nicht vorbereiten", true],
    [[200, { room: ROOM, token: `${ROOM_TOKEN}%22&config.e2ee.disabled=true` }], "ließ sich nicht vorbereiten", true],
  ];
  for (const [[status, body], words, again] of refusals) {
    it(`says in plain words what ${status} ${JSON.stringify(body).slice(0, 40)} means`, async () => {
      chat.answer(status, body);
      const { frame } = await call(chat);
      await shows(frame, words);
      expect(await frame.evaluate("document.querySelectorAll('button').length")).toBe(again ? 1 : 0);
      if (!again) return;
      chat.letIn();
      await frame.evaluate("document.querySelector('button').click()");
      await entered(frame);
    });
  }

  it("is not entered by a link, which could bring somebody else's token along", async () => {
    const before = chat.asked().length;
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const token = `${part({})}.${part({ context: { matrix: { token: OPENID, room_id: ROOM_ID } } })}.x`;
    for (const fragment of [`?jwt=${token}`, `#jwt=%22${token}%22`, ""]) {
      const page = await chat.page(`https://${chat.hosts.meet}/${CONFERENCE}${fragment}`);
      await shows(page.mainFrame(), "nur aus seinem Raum im Chat");
      expect(page.url()).toBe(`https://${chat.hosts.meet}/${CONFERENCE}`);
    }
    expect(chat.asked()).toHaveLength(before);
  });
});

describe("how calls are entered", () => {
  const read = `fetch("https://meet.greenriver.example/.well-known/element/jitsi").then((answer) => answer.text(), () => "closed")`;
  it("is told to the chat alone", async () => {
    const page = await chat.page(`https://${chat.hosts.chat}/`);
    expect(await page.evaluate(read)).toBe('{"auth":"openidtoken-jwt"}');
    const other = await chat.page("https://elsewhere.example/");
    expect(await other.evaluate(read)).toBe("closed");
    expect(await other.evaluate(read.replace('jitsi")', 'jitsi", { mode: "no-cors" })'))).toBe("");
  });
});

describe("the chat's content policy", () => {
  const LOADS = [
    "its WebAssembly",
    "a worker",
    "a worker that it makes",
    "its service worker",
    "the homeserver",
    "how calls are entered",
    "a picture that it decrypted",
    "a picture of the homeserver",
    "a decrypted file",
    "a sound",
    "a style of its own",
    "a frame for what was sent",
    "a script of its own",
  ];

  it("lets Element have all that it loads, and asks nobody but the practice", async () => {
    const page = await chat.browser.newPage();
    const asked = new Set<string>();
    page.on("request", (request) => asked.add(new URL(request.url()).host));
    await page.route("https://matrix.greenriver.example/**", (route) =>
      route.fulfill({ body: "{}", headers: { "access-control-allow-origin": "*" } }),
    );
    await page.addInitScript(
      `window.violations = []; document.addEventListener("securitypolicyviolation", (event) => violations.push(event.effectiveDirective));`,
    );
    await page.goto(`https://${chat.hosts.chat}/`);
    expect(await page.evaluate("Object.keys(loads)")).toEqual(LOADS);
    for (const load of LOADS) {
      expect(await page.evaluate(`loads[${JSON.stringify(load)}]()`), load).toBeTruthy();
    }
    expect(await page.evaluate("violations")).toEqual([]);
    expect([...asked].filter((host) => host && !host.endsWith(".greenriver.example"))).toEqual([]);
  });

  const blocked: Readonly<Record<string, string>> = {
    "script-src-elem": `document.head.append(Object.assign(document.createElement("script"), { src: there("/x.js") }))`,
    "script-src-elem inline": `document.head.append(Object.assign(document.createElement("script"), { textContent: "window.inline = 1" }))`,
    "script-src-attr": `document.body.setAttribute("onclick", "1"); document.body.click()`,
    "script-src eval": `setTimeout(() => { try { new Function("1") } catch {} })`,
    "img-src": `new Image().src = there("/x.png")`,
    "style-src-elem": `document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: there("/x.css") }))`,
    "font-src": `new FontFace("x", "url(" + there("/x.woff2") + ")").load().catch(() => 0)`,
    "media-src": `Object.assign(new Audio(), { src: there("/x.mp3") }).play().catch(() => 0)`,
    "frame-src": `document.body.append(Object.assign(document.createElement("iframe"), { src: there("/") }))`,
    "frame-src of Element's own server for calls": `document.body.append(Object.assign(document.createElement("iframe"), { src: "https://meet.element.io/x" }))`,
    "object-src": `document.body.append(Object.assign(document.createElement("object"), { data: there("/") }))`,
    "worker-src": `new Worker("data:text/javascript,1")`,
    "connect-src": `fetch(there("/x")).catch(() => 0)`,
    "connect-src to Element's own services": `fetch("https://scalar.vector.im/api").catch(() => 0)`,
    "connect-src by websocket": `try { new WebSocket("wss://elsewhere.example/") } catch {}`,
    "connect-src by beacon": `navigator.sendBeacon(there("/x"), "x")`,
    "form-action": `const form = Object.assign(document.createElement("form"), { action: there("/x"), method: "post" }); document.body.append(form); form.submit()`,
    "base-uri": `document.head.append(Object.assign(document.createElement("base"), { href: there("/") }))`,
  };
  for (const [what, script] of Object.entries(blocked)) {
    it(`blocks what is not the practice's: ${what}`, async () => {
      const page = await chat.page(`https://${chat.hosts.chat}/`);
      await page.waitForLoadState();
      const violation = `new Promise((resolve) => {
        const there = (path) => "https://elsewhere.example" + path;
        document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective));
        setTimeout(resolve, 3000, "nothing");
        ${script};
      })`;
      expect([what.split(" ")[0], "script-src"]).toContain(await page.evaluate(violation));
    });
  }
});

describe("on a phone", () => {
  it("Element goes on in the browser, instead of leading to apps that know nothing of the practice's calls", async () => {
    const { status, headers } = await chat.front.ask(chat.hosts.chat, "/mobile_guide/");
    expect([status, headers.location]).toEqual([302, "/"]);
    expect(String(headers["set-cookie"])).toContain("element_mobile_redirect_to_guide=false; Path=/");
  });
});
