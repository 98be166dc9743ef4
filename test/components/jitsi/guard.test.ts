import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { someParams } from "../../support/practice.ts";

const { guard } = someParams().assets;

/** A conference object of the app, as far as the guard touches it. */
function someRoom(changes: Record<string, unknown> = {}) {
  const room = {
    encrypted: false,
    left: 0,
    isE2EESupported: () => true,
    isE2EEEnabled: () => room.encrypted,
    toggleE2EE: () => undefined,
    leave: () => {
      room.left += 1;
      return Promise.resolve();
    },
    ...changes,
  };
  return room;
}
type Room = ReturnType<typeof someRoom>;

/** Something that a browser has or has not. */
const there = () => undefined;

/** A browser window with the parts of the app's store that the guard reads. */
function page({ hash = "", search = "", capable = true } = {}) {
  const timers: (() => void)[] = [];
  const listeners: Record<string, (() => void)[]> = {};
  const subscribers: (() => void)[] = [];
  const shown = { text: "", stopped: false, hungUp: 0 };
  const state = {
    "features/base/conference": {} as { joining?: Room; conference?: Room; leaving?: Room },
    "features/e2ee": { enabled: false },
  };
  const element = () => ({
    dataset: {} as Record<string, string>,
    setAttribute: () => undefined,
    appendChild: (child: { textContent?: string }) => (shown.text += child.textContent ?? ""),
    textContent: "",
  });
  const documentElement = element();
  const location = { pathname: "/room", search, hash };
  const window: Record<string, unknown> = {
    isSecureContext: true,
    RTCPeerConnection: there,
    WebAssembly: {},
    Worker: there,
    crypto: { subtle: {} },
    ...(capable && { RTCRtpScriptTransform: there }),
    stop: () => (shown.stopped = true),
    addEventListener: (type: string, listener: () => void) => (listeners[type] ??= []).push(listener),
  };
  const history = {
    replaceState: (_state: unknown, _title: string, address: string) => {
      const [path = "", fragment] = address.split("#");
      Object.assign(location, { pathname: path, search: "", hash: fragment ? `#${fragment}` : "" });
    },
  };
  const dispatched: object[] = [];
  const store = {
    getState: () => state,
    subscribe: (listener: () => void) => subscribers.push(listener),
    dispatch: (action: { type: string; enabled: boolean }) => {
      dispatched.push(action);
      const room = state["features/base/conference"].joining;
      if (action.type === "TOGGLE_E2EE" && room) {
        room.encrypted = action.enabled;
        state["features/e2ee"].enabled = action.enabled;
      }
    },
  };
  const conference = { hangup: () => (shown.hungUp += 1) };
  const document = { documentElement, createElement: element, body: undefined };
  const context = {
    window,
    document,
    location,
    history,
    navigator: { language: "de-DE" },
    setTimeout: (run: () => void) => timers.push(run),
    Object,
    Promise,
    get APP() {
      return window.APP;
    },
  };
  runInNewContext(guard, context);
  return {
    location,
    shown,
    state,
    dispatched,
    says: () => documentElement.dataset.practiceGuard,
    /** The app is there: its store appears, as it does after the page has loaded. */
    start: () => {
      window.APP = { store, conference };
      for (const run of timers.splice(0)) run();
    },
    change: (conferenceState: { joining?: Room; conference?: Room; leaving?: Room }) => {
      state["features/base/conference"] = conferenceState;
      for (const notify of subscribers) notify();
    },
    notify: () => {
      for (const notify of subscribers) notify();
    },
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

describe("a call", () => {
  it("is encrypted before the join is sent", () => {
    const browser = page();
    browser.start();
    const room = someRoom();
    browser.change({ joining: room });
    expect(browser.dispatched).toEqual([{ type: "TOGGLE_E2EE", enabled: true }]);
    expect(room.encrypted).toBe(true);
    expect(browser.says()).toBe("armed");
    browser.change({ conference: room });
    expect(room.left).toBe(0);
  });

  it("ends when encryption is off, whoever did it", () => {
    const browser = page();
    browser.start();
    const room = someRoom();
    browser.change({ joining: room });
    browser.change({ conference: room });
    browser.state["features/e2ee"].enabled = false;
    browser.notify();
    expect(browser.says()).toBe("blocked-off");
    expect([room.left, browser.shown.hungUp, browser.shown.stopped]).toEqual([1, 1, true]);
    expect(browser.shown.text).toContain("Verschlüsselung");
  });

  it("does not complain when the participant leaves", () => {
    const browser = page();
    browser.start();
    const room = someRoom();
    browser.change({ joining: room });
    browser.state["features/e2ee"].enabled = false;
    browser.change({ conference: room, leaving: room });
    browser.change({});
    expect(browser.says()).toBe("armed");
  });

  it("ends when it was joined behind the guard's back", () => {
    const browser = page();
    browser.start();
    const room = someRoom({ encrypted: true });
    browser.change({ conference: room });
    expect(browser.says()).toBe("blocked-off");
    expect(room.left).toBe(1);
  });

  const unfit: Readonly<Record<string, [Room, string]>> = {
    "has no hook to ask whether it encrypts": [someRoom({ isE2EEEnabled: undefined }), "blocked-version"],
    "has no switch": [someRoom({ toggleE2EE: undefined }), "blocked-version"],
    "does not support encryption here": [someRoom({ isE2EESupported: () => false }), "blocked-browser"],
    "stays off": [someRoom({ isE2EEEnabled: () => false }), "blocked-version"],
  };
  for (const [name, [room, says]] of Object.entries(unfit)) {
    it(`does not happen when the app ${name}`, () => {
      const browser = page();
      browser.start();
      browser.change({ joining: room });
      expect(browser.says()).toBe(says);
      expect(browser.shown.stopped).toBe(true);
    });
  }

  it("does not happen in a browser that cannot encrypt", () => {
    const browser = page({ capable: false });
    expect(browser.says()).toBe("blocked-browser");
    expect(browser.shown.text).toContain("Chrome");
  });
});
