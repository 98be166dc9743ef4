import {
  call,
  type Chat,
  CONFERENCE,
  entered,
  OPENID,
  ROOM,
  ROOM_ID,
  ROOM_TOKEN,
  startChat,
} from "../apps/support/chat.ts";
import type { Edit } from "../apps/support/signalling.ts";
import { waitFor } from "../bed/wait.ts";
import { someParams } from "../support/practice.ts";
import { type Attack, group, type Outcome } from "./attack.ts";
import { withChange } from "./stage.ts";

const PARTS = ["nginx", "Chromium", "stand-ins for Element, the app and the exchange"];
/** No host of the practice: nginx has only a plain "not found" for it, on which a script can do anything. */
const ELSEWHERE = "https://evil.example/";
const outcome = (succeeded: boolean): Outcome => (succeeded ? "succeeded" : "failed");

/** The chat with one defence taken out of the front's file. */
const withFront =
  (edit: Edit) =>
  (defended: boolean): Promise<Chat> =>
    startChat(defended ? {} : { edit });

/** The chat with one defence taken out of the guard. */
const withGuard =
  (...changes: readonly (readonly [from: string, to: string])[]) =>
  (defended: boolean): Promise<Chat> => {
    const params = someParams();
    const guard = changes.reduce((text, [from, to]) => {
      if (!text.includes(from)) throw new Error(`${from} is not in the guard, so no defence was taken away.`);
      return text.replace(from, to);
    }, params.assets.guard);
    return startChat(defended ? {} : { params: { ...params, assets: { ...params.assets, guard } } });
  };

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const SOMEBODY_ELSES = `${part({})}.${part({ context: { matrix: { token: OPENID, room_id: ROOM_ID } } })}.x`;

export const framingAttacks = group<Chat>({
  defence: "frame-ancestors of the meeting page: only the practice's chat frames it",
  parts: PARTS,
  start: withFront(withChange("nginx.conf", /; frame-ancestors 'self' https:\/\/chat[^"]*/, "")),
  attacks: [
    {
      id: "call-framed-elsewhere",
      promise: 4,
      does: "A page elsewhere frames the meeting page and takes somebody into a call that it chose.",
      run: async (chat) => {
        const page = await chat.page(ELSEWHERE);
        const address = `https://${chat.hosts.meet}/${ROOM}#jwt=%22${ROOM_TOKEN}%22`;
        await page.evaluate(
          `document.body.append(Object.assign(document.createElement("iframe"), { src: "${address}" })); 0`,
        );
        const frame = await waitFor(() => page.frames()[1], { what: "the frame" });
        // Chromium shows a page of its own in place of one that may not be framed.
        return waitFor<Outcome>(
          async () => {
            if (frame.url().startsWith("chrome-error:")) return "failed";
            return (await frame.evaluate<boolean>("Boolean(window.stub)")) && "succeeded";
          },
          { what: "the framed page" },
        );
      },
    },
  ],
});

export const linkAttacks = group<Chat>({
  defence: "the guard: a call of the chat opens in the chat's frame alone",
  parts: PARTS,
  start: withGuard(["!body || window.parent === window", "!body"]),
  attacks: [
    {
      id: "call-by-somebody-elses-link",
      promise: 6,
      does: "A link brings somebody else's identity along, and takes whoever opens it into a call under it.",
      run: async (chat) => {
        const page = await chat.page(`https://${chat.hosts.meet}/${CONFERENCE}?jwt=${SOMEBODY_ELSES}`);
        await page.waitForSelector(`[role=alert] >> text=/Chat/`, { timeout: 3_000 }).catch(() => undefined);
        return outcome(new URL(page.url()).pathname === `/${ROOM}`);
      },
    },
  ],
});

export const leftoverAttacks = group<Chat>({
  defence: "the guard: Element's token is out of the address before anything else is done",
  parts: PARTS,
  start: withGuard([`history.replaceState(null, "", location.pathname);\n  window.stop();`, "window.stop();"]),
  attacks: [
    {
      id: "identity-left-in-the-address",
      promise: 4,
      does: "The token that proves who somebody is stays in the address when the call does not open.",
      run: async (chat) => {
        chat.answer(503, {});
        const { frame } = await call(chat);
        await waitFor(() => frame.evaluate<boolean>("Boolean(document.querySelector('[role=alert] button'))"), {
          what: "the guard's word",
        });
        return outcome((await frame.evaluate<string>("location.href")).includes("jwt="));
      },
    },
  ],
});

export const tokenPathAttacks = group<Chat>({
  defence: "the guard: nothing starts at Element's address, and only an answer of the right shape leads on",
  parts: PARTS,
  start: withGuard(
    ["if (isElementCall()) return enterFromElement(texts);", "if (isElementCall()) enterFromElement(texts);"],
    ["  window.stop();\n  if (!body", "  if (!body"],
    ["answer.ok && ROOM.test(room) && TOKEN.test(token)", "answer.ok"],
  ),
  attacks: [
    {
      id: "settings-behind-a-token",
      promise: 1,
      does: "An answer to the exchange carries more than a token, and leads to another page of the meeting host.",
      run: async (chat) => {
        chat.answer(200, { room: "static/evil", token: ROOM_TOKEN });
        const { frame } = await call(chat);
        return waitFor<Outcome>(
          async () => {
            if (frame.url().includes("/static/evil")) return "succeeded";
            return (
              (await frame.evaluate<boolean>("Boolean(document.querySelector('[role=alert] button'))")) && "failed"
            );
          },
          { what: "where it leads" },
        );
      },
    },
  ],
});

/** The page of Element, or whoever took it over, commands the call. */
const command = (id: string, does: string, name: string, argument: unknown, works: string): Attack<Chat> => ({
  id,
  promise: 1,
  does,
  run: async (chat) => {
    const { page, frame } = await call(chat);
    await entered(frame);
    await frame.evaluate("stub.join()");
    await frame.evaluate(`APP.store.dispatch({ type: "TOGGLE_E2EE", enabled: true })`);
    await waitFor(async () => (await page.evaluate<string[]>("chat.news")).length > 0, { what: "the news" });
    await page.evaluate(`chat.command(${JSON.stringify(name)}, ${JSON.stringify(argument)})`);
    await new Promise((resolve) => setTimeout(resolve, 500));
    return outcome((await frame.evaluate(works)) === true);
  },
});

export const chatCommandAttacks = group<Chat>({
  defence: "the guard: of what the chat says to the call, only that it is there and that it hangs up",
  parts: PARTS,
  start: withGuard(["origin === chat && HARMLESS.test(data)", "origin === chat"]),
  attacks: [
    command(
      "chat-configures-the-call",
      "The chat's page changes the configuration of the call that it frames.",
      "overwrite-config",
      { e2ee: { externallyManagedKey: true } },
      `APP.store.getState()["features/base/config"].e2ee.externallyManagedKey`,
    ),
  ],
});

export const lookupAttacks = group<Chat>({
  defence: "nginx.conf of the front: which pages read an answer of the meeting host",
  parts: PARTS,
  start: withFront(withChange("nginx.conf", /\/\.well-known\/element\/jitsi https:\/\/chat[^;]*;/, `~. "*";`)),
  attacks: [
    {
      id: "exchange-read-elsewhere",
      promise: 6,
      does: "A page elsewhere changes a token that it got hold of, in its visitor's browser.",
      run: async (chat) => {
        const page = await chat.page(ELSEWHERE);
        const read = `fetch("https://${chat.hosts.meet}/practice/exchange", { method: "POST", body: "{}" })
          .then((answer) => answer.text(), () => "closed")`;
        return outcome((await page.evaluate<string>(read)).includes(ROOM_TOKEN));
      },
    },
  ],
});
