import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Page } from "playwright-core";
import { waitFor } from "../bed/wait.ts";
import { inPage, leaked, PATIENT, says, settled, STAFF, startGuarded, stubOf, type Way } from "./support/guarded.ts";

let bed: Awaited<ReturnType<typeof startGuarded>>;

beforeAll(async () => {
  bed = await startGuarded();
});
afterEach(() => bed.closePages());
afterAll(() => bed?.stop());

/** A picture is seen, not only noise of the codec in black. */
const BRIGHT = 60;

/** A call with one other person. */
async function call(way: Way, faults: object = {}, fragment = PATIENT): Promise<Page> {
  const page = await bed.open(way, fragment);
  await inPage(page, `stub.join(${JSON.stringify(faults)})`);
  await inPage(page, `stub.meet("you")`);
  return page;
}

const until = (page: Page, state: string) =>
  waitFor(async () => (await says(page)) === state, { what: `the guard to say ${state}`, timeout: 20_000 });
const noteOf = (page: Page) =>
  inPage<string>(page, `(document.querySelector("[data-practice-note]") || {}).textContent || ""`);
const noted = (page: Page, text: RegExp) =>
  waitFor(async () => text.test(await noteOf(page)), { what: `a note like ${text}`, timeout: 10_000 });
const text = (page: Page) => inPage<string>(page, "document.body.innerText");
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
describe("a call", () => {
  it("with the guard claims encryption in its first presence, and only encrypted frames go out", async () => {
    const page = await call("guarded");
    await until(page, "open");
    expect((await stubOf(page)).sent[0]).toEqual({ join: true, "e2ee.enabled": "true" });
    await waitFor(async () => (await stubOf(page)).seen.sealed > 60, { what: "encrypted frames" });
    expect((await stubOf(page)).seen.plain).toBe(0);
    expect(await leaked(page)).toBeLessThan(BRIGHT);
  });
});

describe("sound and picture", () => {
  // Each is a time in which the app says that it encrypts while its frames go out as they are.
  const early: Readonly<Record<string, object>> = {
    "while the encryption starts": { slow: 3_000 },
    "while a sender has no transform": { transformAfter: 3_000, flagMissing: true },
    "because the browser ignores the transform": { flagMissing: true },
  };
  for (const [when, faults] of Object.entries(early)) {
    it(`are never sent as they are ${when}, and flow afterwards`, async () => {
      const page = await call("guarded", faults);
      for (let look = 0; look < 10; look += 1) {
        expect(await leaked(page)).toBeLessThan(BRIGHT);
        await pause(100);
      }
      await waitFor(async () => (await stubOf(page)).seen.sealed > 60, { what: "encrypted frames", timeout: 15_000 });
      expect(await leaked(page)).toBeLessThan(BRIGHT);
    });
  }

  it("are held while the encryption starts, and the page says so", async () => {
    const page = await call("guarded", { slow: 8_000 });
    await until(page, "held");
    await noted(page, /Bis dahin sieht und hört Sie niemand/);
    await until(page, "open");
    expect(await noteOf(page)).toBe("");
  });

  it("are held as long as one participant does not claim encryption, and the call ends", async () => {
    const page = await call("guarded");
    await until(page, "open");
    await inPage(page, `stub.meet("eve", "")`);
    await until(page, "held");
    expect(await inPage(page, "stub.connection.getSenders().length")).toBe(2);
    await until(page, "blocked-off");
    expect(await inPage(page, "stub.connection.connectionState")).toBe("closed");
  });

  it("are as muted or not as the person chose, once they flow", async () => {
    const page = await call("guarded", { slow: 8_000 });
    await until(page, "held");
    await inPage(page, "stub.room.tracks[0].enabled = false");
    expect(await inPage(page, "stub.room.tracks.map((track) => track.enabled)")).toEqual([false, true]);
    await until(page, "open");
    expect(await inPage(page, "stub.room.tracks.map((track) => track.enabled)")).toEqual([false, true]);
  });
});

describe("switching off", () => {
  const offs: Readonly<Record<string, string>> = {
    "another participant": `stub.remoteOff("you"); stub.room.getParticipantById("you").properties.set("e2ee.enabled", "true")`,
    "the page's own switch": `APP.store.dispatch({ type: "TOGGLE_E2EE", enabled: false })`,
  };
  for (const [who, off] of Object.entries(offs)) {
    it(`by ${who} changes nothing, and the app goes on showing what is`, async () => {
      const page = await call("guarded");
      await until(page, "open");
      await inPage(page, off);
      expect(await inPage(page, "stub.appShows()")).toEqual({ e2ee: true, local: true });
      await pause(500);
      expect(await inPage(page, "stub.room.enabled")).toBe(true);
      expect(await says(page)).toBe("open");
      expect((await stubOf(page)).seen.plain).toBe(0);
    });
  }

  // Whatever finds a way past the switch.
  const lost: Readonly<Record<string, string>> = {
    "the worker is told to stop": `stub.room.worker.postMessage({ operation: "setEnabled", enabled: false })`,
    "the conference says off": `stub.room.enabled = false`,
    "keys come from outside": `APP.store.dispatch({ type: "OVERWRITE_CONFIG", config: { e2ee: { externallyManagedKey: true } } })`,
  };
  for (const [how, script] of Object.entries(lost)) {
    it(`ends the call when ${how}`, async () => {
      const page = await call("guarded");
      await until(page, "open");
      await inPage(page, `${script}; 0`);
      await until(page, "blocked-off");
      expect(await text(page)).toContain("darum wurde das Gespräch beendet");
      const ended = () => inPage(page, "[stub.left, stub.hungUp, stub.connection.connectionState]");
      await expect.poll(ended, { timeout: 10_000 }).toEqual([1, 1, "closed"]);
      const tracks = () => inPage(page, "stub.room.tracks.map((track) => track.readyState)");
      await expect.poll(tracks, { timeout: 10_000 }).toEqual(["ended", "ended"]);
      expect((await stubOf(page)).seen.plain).toBe(0);
    });
  }
});

describe("the address", () => {
  it("is reduced again when it changes", async () => {
    const page = await bed.open("guarded");
    await inPage(page, `location.hash = "config.e2ee.disabled=true"; 0`);
    await waitFor(async () => (await inPage(page, "location.hash")) === "", { what: "an empty fragment" });
  });
});

describe("what the browser keeps", () => {
  const left = `localStorage.setItem("jitsiMeetId", "known"); localStorage.setItem("xmpp_username_override", "eve");
    localStorage.setItem("features/recent-list", "[]"); localStorage.setItem("features/base/settings",
    '{"displayName":"Anna","disableP2P":false,"userSelectedCameraDeviceId":"camera"}')`;

  it("is gone with it, but for the chosen devices, and goes again with the page", async () => {
    const page = await bed.open("guarded", PATIENT, { before: `if (!sessionStorage.again) { ${left} }` });
    expect(await inPage(page, "[stub.machine, stub.user]")).toEqual([null, null]);
    expect(await inPage(page, `localStorage.getItem("features/base/settings")`)).toBe(
      '{"userSelectedCameraDeviceId":"camera"}',
    );
    await inPage(page, "sessionStorage.again = 1");
    await page.goto(`${bed.originOf("guarded")}/libs/worker.js`);
    expect(await inPage(page, "Object.keys(localStorage)")).toEqual(["features/base/settings"]);
  });
});

describe("no call", () => {
  const without = "delete RTCRtpSender.prototype.createEncodedStreams";
  const agents: Readonly<Record<string, [agent: string, words: string]>> = {
    android: ["Mozilla/5.0 (Android 15; Mobile; rv:140.0) Firefox/140.0", "in Chrome."],
    apple: ["Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) Safari/604.1", "an einem Computer"],
    desktop: ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0", "Chrome, Edge"],
  };
  for (const [device, [userAgent, words]] of Object.entries(agents)) {
    it(`on ${device} in a browser that cannot encrypt, and the page says which one can`, async () => {
      const page = await bed.open("guarded", PATIENT, { before: without, userAgent });
      expect(await says(page)).toBe(`blocked-${device}`);
      expect(await text(page)).toContain(words);
      expect(await inPage(page, "typeof window.APP")).toBe("undefined");
    });
  }

  it("with a version of the app that was not proven, in English too", async () => {
    const page = await bed.open("unproven", PATIENT, { locale: "en-GB" });
    expect(await says(page)).toBe("blocked-version");
    expect(await text(page)).toContain("was not tested");
    expect(await inPage(page, "typeof window.APP")).toBe("undefined");
  });

  const unfit: Readonly<Record<string, object>> = {
    "has no switch": { without: ["toggleE2EE"] },
    "has no way to compare symbols": { without: ["startVerification"] },
    "does not support encryption here": { unsupported: true },
    "stays off": { staysOff: true },
  };
  for (const [how, faults] of Object.entries(unfit)) {
    it(`when the app ${how}`, async () => {
      const page = await bed.open("guarded");
      await inPage(page, `stub.join(${JSON.stringify({ ...faults, held: true })})`);
      expect(await says(page)).toBe("blocked-version");
    });
  }

  it("when the app joined behind the guard's back", async () => {
    const page = await bed.open("guarded");
    await inPage(page, `stub.join({ unseen: true })`);
    expect(await says(page)).toBe("blocked-off");
  });

  for (const faults of [{ transformAfter: null }, { sharedKey: true }]) {
    it(`is heard or seen when the app never encrypts: ${JSON.stringify(faults)}`, async () => {
      const page = await call("guarded", faults);
      await pause(2_000);
      expect(await leaked(page)).toBeLessThan(BRIGHT);
      expect((await stubOf(page)).seen.sealed).toBeLessThan(500);
    });
  }
});

describe("comparing the safety symbols", () => {
  const ready = `stub.room.emit("conference.e2ee.verification.ready", "you", { emoji: [] })`;
  const theirs = `stub.room.emit("conference.e2ee.verification.completed", "you", true)`;
  const press = (match: boolean) => `stub.room.markParticipantVerified("you", ${match})`;

  it("is begun by one of the two and explained", async () => {
    const page = await call("guarded");
    await waitFor(() => inPage<boolean>(page, "stub.room.started > 0"), { what: "the comparison" });
    await inPage(page, ready);
    await noted(page, /Lesen Sie einander die sieben Symbole vor/);
    await inPage(page, press(true));
    await waitFor(async () => (await noteOf(page)) === "", { what: "the note to go" });
    expect(await says(page)).toBe("open");
  });

  it("is left to the other one, who begins", async () => {
    const page = await bed.open("guarded");
    await inPage(page, "stub.join()");
    await inPage(page, `stub.meet("a-smaller-name")`);
    await until(page, "open");
    await pause(500);
    expect(await inPage(page, "stub.room.started")).toBe(0);
  });

  it("warns when they differ, and offers the end", async () => {
    const page = await call("guarded");
    await until(page, "open");
    await inPage(page, `${ready}; ${press(false)}`);
    await noted(page, /verschieden/);
    await page.click("[data-practice-note] button");
    expect((await stubOf(page)).hungUp).toBe(1);
  });

  it("holds sound and picture until both have confirmed, where it is required", async () => {
    const page = await call("required");
    await inPage(page, ready);
    await noted(page, /rufen Sie einander an/);
    for (const [script, state] of [
      [theirs, "held"],
      [press(true), "open"],
    ] as const) {
      await pause(700);
      expect(await says(page)).toBe("held");
      await inPage(page, script);
      await until(page, state);
    }
  });

  it("ends the call when they differ, where it is required", async () => {
    const page = await call("required");
    await inPage(page, `${ready}; ${press(false)}`);
    await until(page, "blocked-differ");
    expect(await text(page)).toContain("nichts Vertrauliches");
  });
});

describe("the way in and out", () => {
  it("asks to wait while the join is held", async () => {
    const page = await bed.open("guarded");
    await inPage(page, "stub.join({ held: true })");
    await noted(page, /die Praxis lässt Sie gleich ein/);
    await inPage(page, "stub.enter()");
    await until(page, "open");
    expect(await noteOf(page)).toBe("");
  });

  it("says it when the join failed, with a way to try again", async () => {
    const page = await bed.open("guarded");
    await inPage(page, "stub.join({ held: true })");
    await inPage(page, `stub.conferenceIs({ joining: undefined, error: { name: "conference.connectionError" } })`);
    await noted(page, /Der Eintritt hat nicht geklappt.*Wieder eintreten/);
    expect(await says(page)).toBe("armed");
  });

  it("ends with a friendly page that leads back", async () => {
    const page = await call("guarded");
    await until(page, "open");
    await inPage(page, "APP.conference.hangup()");
    await until(page, "ended");
    expect(await text(page)).toContain("Sie können dieses Fenster schließen");
    expect(await page.getAttribute("a", "href")).toBe("https://go.greenriver.example");
    await page.click("text=Wieder eintreten");
    await until(page, "waiting");
  });

  it("finds the token again when the page is loaded anew, which the app takes out of the address", async () => {
    const page = await call("guarded");
    await until(page, "open");
    await inPage(page, `history.replaceState(null, "", location.pathname)`);
    await page.reload({ waitUntil: "commit" });
    await settled(page);
    expect(await inPage(page, "location.hash")).toBe(PATIENT);
    await inPage(page, `history.replaceState(null, "", "/m0r3z7q0a9xw2b5c8d1e4f6g7h")`);
    await page.reload({ waitUntil: "commit" });
    await settled(page);
    expect(await inPage(page, "location.hash")).toBe("");
  });

  const deadline = (seconds: number, from = "null") => `stub.room.emit("conference.non_participant_message_received",
    ${from}, { type: "practice-deadline", at: Math.floor(Date.now() / 1000) + ${seconds} })`;

  it("warns five minutes before the end, but only when the room itself says so", async () => {
    const page = await call("guarded");
    await until(page, "open");
    await inPage(page, `${deadline(600)}; ${deadline(60, '"someone"')}`);
    await pause(500);
    expect(await noteOf(page)).toBe("");
    await inPage(page, deadline(299));
    await noted(page, /^Dieses Gespräch endet in weniger als fünf Minuten\.$/);
  });

  it("warns while the symbols are not compared, too", async () => {
    const page = await call("guarded", {}, STAFF);
    await until(page, "open");
    await inPage(page, `stub.room.emit("conference.e2ee.verification.ready", "you", { emoji: [] })`);
    await noted(page, /Lesen Sie einander/);
    await inPage(page, deadline(299));
    await noted(page, /endet in weniger als fünf Minuten/);
    expect(await noteOf(page)).toMatch(/Lesen Sie einander.*15 Minuten länger/);
    expect(await inPage(page, `document.querySelector("[data-practice-note]").closest("body")`)).toBeNull();
    // A press beside the app's dialog counts as an answer there.
    await inPage(page, `document.addEventListener("mousedown", () => (window.beside = true)); 0`);
    await page.click("[data-practice-note] button");
    expect(await inPage(page, "window.beside")).toBeUndefined();
  });

  it("lets staff go on by one click, and by another", async () => {
    const page = await call("guarded", {}, STAFF);
    await until(page, "open");
    await inPage(page, deadline(299));
    await noted(page, /15 Minuten länger/);
    await page.click("[data-practice-note] button");
    await page.click("[data-practice-note] button");
    const wanted = (await stubOf(page)).sent.flatMap((presence) => presence["practice_extend"] ?? []);
    expect(wanted).toHaveLength(2);
    const inSeconds = wanted.map((epoch) => Number(epoch) - Date.now() / 1000);
    for (const seconds of inSeconds) expect(seconds).toSatisfy((value: number) => value > 1_180 && value < 1_200);
    await inPage(page, deadline(1_199));
    await waitFor(async () => (await noteOf(page)) === "", { what: "the note to go" });
  });
});

describe("the content policy", () => {
  const loads: Readonly<Record<string, string>> = {
    "script-src-elem": `document.head.append(Object.assign(document.createElement("script"), { src: there("/x.js") }))`,
    "img-src": `new Image().src = there("/x.png")`,
    "style-src-elem": `document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: there("/x.css") }))`,
    "font-src": `new FontFace("x", "url(" + there("/x.woff2") + ")").load().catch(() => 0)`,
    "media-src": `Object.assign(new Audio(), { src: there("/x.mp3") }).play().catch(() => 0)`,
    "frame-src": `document.body.append(Object.assign(document.createElement("iframe"), { src: there("/") }))`,
    "object-src": `document.body.append(Object.assign(document.createElement("object"), { data: there("/") }))`,
    "worker-src": `new Worker("data:text/javascript,1")`,
    "connect-src": `fetch(there("/x")).catch(() => 0)`,
    "connect-src by websocket": `try { new WebSocket("wss://elsewhere.example/") } catch {}`,
    "connect-src by beacon": `navigator.sendBeacon(there("/x"), "x")`,
    "form-action": `const form = Object.assign(document.createElement("form"), { action: there("/x"), method: "post" }); document.body.append(form); form.submit()`,
    "base-uri": `document.head.append(Object.assign(document.createElement("base"), { href: there("/") }))`,
    "script-src eval": `setTimeout(() => { try { new Function("1") } catch {} })`,
  };
  for (const [what, script] of Object.entries(loads)) {
    it(`blocks what is not the practice's: ${what}`, async () => {
      const page = await bed.open("guarded");
      const blocked = `new Promise((resolve) => {
        const there = (path) => "https://elsewhere.example" + path;
        document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective));
        setTimeout(resolve, 3000, "nothing");
        ${script};
      })`;
      expect([what.split(" ")[0], "script-src"]).toContain(await inPage(page, blocked));
    });
  }

  it("blocks it in a worker as well", async () => {
    const page = await bed.open("guarded");
    const blocked = `new Promise((resolve) => {
      const script = 'addEventListener("securitypolicyviolation", ({ effectiveDirective }) => postMessage(effectiveDirective));' +
        'try { importScripts("https://elsewhere.example/x.js") } catch {} fetch("https://elsewhere.example/").catch(() => 0)';
      const said = [];
      new Worker(URL.createObjectURL(new Blob([script]))).onmessage = ({ data }) => said.push(data) === 2 && resolve(said);
      setTimeout(resolve, 5000, said);
    })`;
    expect(await inPage(page, blocked)).toEqual([expect.stringMatching(/^script-src/), "connect-src"]);
  });

  it("lets the app have what it needs: WebAssembly, a worker that it makes, its own websocket", async () => {
    const page = await bed.open("guarded");
    const needs = `(async () => {
      const violations = [];
      document.addEventListener("securitypolicyviolation", (event) => violations.push(event.effectiveDirective));
      await WebAssembly.instantiate(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
      const script = 'importScripts("' + location.origin + '/libs/worker.js"); postMessage("ready")';
      const worker = new Worker(URL.createObjectURL(new Blob([script])));
      const answer = await new Promise((resolve) => { worker.onmessage = ({ data }) => resolve(data); worker.onerror = () => resolve("failed"); });
      const socket = new WebSocket("wss://" + location.hostname + "/xmpp-websocket");
      await new Promise((resolve) => { socket.onerror = resolve; socket.onopen = resolve; });
      return [answer, violations];
    })()`;
    expect(await inPage(page, needs)).toEqual(["ready", []]);
  });
});
