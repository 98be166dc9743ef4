import type { Page } from "playwright-core";
import { inPage, leaked, PATIENT, ROOM, settled, startGuarded, stubOf, type Way } from "../apps/support/guarded.ts";
import { waitFor } from "../bed/wait.ts";
import { type Attack, group, type Outcome } from "./attack.ts";

/** A meeting page in real Chromium, served by the real nginx with the guard or without it. */
interface Meeting {
  readonly way: Way;
  readonly bed: Awaited<ReturnType<typeof startGuarded>>;
  readonly stop: () => Promise<void>;
}

async function start(defended: boolean): Promise<Meeting> {
  const bed = await startGuarded();
  return { way: defended ? "guarded" : "bare", bed, stop: bed.stop };
}

const PARTS = ["nginx", "Chromium", "a stand-in for the app"];
const DEFENCE = "the guard of the meeting page";
const ENCRYPT = `APP.store.dispatch({ type: "TOGGLE_E2EE", enabled: true })`;

/** A picture is seen at the bridge, not only noise of the codec in black. */
const BRIGHT = 60;
const sees = async (page: Page) => (await leaked(page)) > BRIGHT;

/** Whether a picture reaches the bridge without encryption before encrypted frames flow. */
async function isSeen(page: Page): Promise<Outcome> {
  return waitFor(
    async () => {
      if (await sees(page)) return "succeeded";
      return (await stubOf(page)).seen.sealed > 60 && "failed";
    },
    { what: "a picture, encrypted or not", timeout: 20_000, interval: 20 },
  );
}

/** A call with one other person, in which the app switches its encryption on as a stock one does: after the join. */
async function call({ bed, way }: Meeting, faults: object = {}): Promise<Page> {
  const page = await bed.open(way);
  await inPage(page, `stub.join(${JSON.stringify(faults)})`);
  return page;
}

/** Time in which the app says that it encrypts while its frames go out as they are. */
const early = (id: string, does: string, faults: object): Attack<Meeting> => ({
  id,
  promise: 1,
  does,
  run: async (meeting) => {
    const page = await call(meeting, faults);
    await inPage(page, "stub.room.toggleE2EE(true); 0");
    await inPage(page, `stub.meet("you")`);
    return isSeen(page);
  },
});

/** Something that switches the encryption off in a call. */
const off = (id: string, does: string, script: string): Attack<Meeting> => ({
  id,
  promise: 1,
  does,
  run: async (meeting) => {
    const page = await call(meeting);
    await inPage(page, ENCRYPT);
    await inPage(page, `stub.meet("you")`);
    await waitFor(async () => (await stubOf(page)).seen.sealed > 10, { what: "encrypted frames", timeout: 20_000 });
    await inPage(page, script);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    return (await sees(page)) ? "succeeded" : "failed";
  },
});

/** A key of the fragment that the app takes over into its configuration. */
const fragment = (id: string, text: string, key: string): Attack<Meeting> => ({
  id,
  promise: 1,
  does: `A link carries #${text}.`,
  run: async ({ bed, way }) => {
    const page = await bed.open(way, `${PATIENT}&${text}`);
    return (await inPage(page, `window.config.e2ee.${key}`)) === true ? "succeeded" : "failed";
  },
});

/** A page elsewhere opens the meeting and sends it a command of the app's iframe API. */
const command = (id: string, does: string, name: string, argument: unknown, works: string): Attack<Meeting> => ({
  id,
  promise: 1,
  does,
  run: async ({ bed, way }) => {
    const message = { postis: true, method: "message", params: { type: "event", data: { name, data: [argument] } } };
    const opener = await (await bed.browser.newContext({ locale: "de-DE" })).newPage();
    await opener.route("http://elsewhere.example/**", (route) =>
      route.fulfill({ contentType: "text/html", body: "<p>elsewhere</p>" }),
    );
    await opener.goto("http://elsewhere.example/");
    const popup = opener.waitForEvent("popup");
    await inPage(opener, `window.meeting = open("${bed.originOf(way)}/${ROOM}${PATIENT}"); 0`);
    const page = await popup;
    await settled(page);
    await inPage(page, "stub.join()");
    await inPage(page, ENCRYPT);
    await inPage(opener, `meeting.postMessage(${JSON.stringify(JSON.stringify(message))}, "*")`);
    await new Promise((resolve) => setTimeout(resolve, 500));
    return (await inPage(page, works)) === true ? "succeeded" : "failed";
  },
});

const MANAGED = { e2ee: { externallyManagedKey: true } };

export const pageAttacks = group<Meeting>({
  defence: DEFENCE,
  parts: PARTS,
  start,
  attacks: [
    {
      id: "plain-call",
      promise: 1,
      does: "Two stock clients hold a call and nobody switches encryption on.",
      run: async (meeting) => {
        const page = await call(meeting);
        await inPage(page, `stub.meet("you")`);
        return isSeen(page);
      },
    },
    early("plain-at-first", "A picture goes out while the encryption starts.", { slow: 3_000 }),
    early("plain-without-transform", "A picture goes out while a sender has no transform.", {
      transformAfter: 3_000,
      flagMissing: true,
    }),
    off(
      "off-by-another",
      "Another participant's word switches this side's encryption off.",
      `stub.remoteOff("you"); stub.room.getParticipantById("you").properties.set("e2ee.enabled", "true")`,
    ),
    off(
      "off-by-the-page",
      "The page's own switch is pressed.",
      `APP.store.dispatch({ type: "TOGGLE_E2EE", enabled: false })`,
    ),
    fragment("fragment-dotted", "config.e2ee.disabled=true", "disabled"),
    fragment("fragment-nested", "config.e2ee={%22disabled%22:true}", "disabled"),
    fragment("fragment-whole", "config={%22e2ee%22:{%22disabled%22:true}}", "disabled"),
    fragment("fragment-outside-key", "config.e2ee.externallyManagedKey=true", "externallyManagedKey"),
    command(
      "window-switches-off",
      "A page elsewhere opens the call and switches its encryption off.",
      "toggle-e2ee",
      false,
      "!stub.room.enabled",
    ),
    command(
      "window-configures",
      "A page elsewhere opens the call and changes its configuration.",
      "overwrite-config",
      MANAGED,
      `APP.store.getState()["features/base/config"].e2ee.externallyManagedKey`,
    ),
    {
      id: "browser-remembers",
      promise: 4,
      does: "What an earlier call left in the browser tells who comes again.",
      run: async ({ bed, way }) => {
        const page = await bed.open(way, PATIENT, { before: `localStorage.setItem("jitsiMeetId", "known")` });
        return (await inPage(page, "stub.machine")) === "known" ? "succeeded" : "failed";
      },
    },
    {
      id: "browser-overrides-login",
      promise: 6,
      does: "What was left in the browser logs in as somebody else.",
      run: async ({ bed, way }) => {
        const page = await bed.open(way, PATIENT, { before: `localStorage.setItem("xmpp_username_override", "eve")` });
        return (await inPage(page, "stub.user")) === "eve" ? "succeeded" : "failed";
      },
    },
  ],
});
