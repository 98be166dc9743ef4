import { button, replacePage } from "./page.js";

// A call from a room of the chat. Element frames this page at the base32 of the room's id, with a token that it signed
// with a public constant; in it is the OpenID token of whoever calls (element-web of August 2026:
// apps/web/src/utils/WidgetUtils.ts, apps/web/src/vector/jitsi/index.ts). Prosody never accepts that token. The entry
// page changes it for a token of the practice's own, and the page begins anew with that: at this address no app starts.

/** Base32 of `!`, what begins every room's id, and of the first bits after it. */
const CONFERENCE = /^\/E[EF][A-Z2-7]{28,}$/;
const ROOM = /^[a-z0-9]{26,64}$/;
const TOKEN = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
const ANSWER_WITHIN = 15_000;

/** Whether the page was opened at a name that Element gives to calls. */
export function isElementCall() {
  return CONFERENCE.test(location.pathname);
}

/** Who calls from which room, as Element's token tells; nothing if it is another token or none. */
function pass(address) {
  try {
    const [, claims] = /[?#&]jwt=(?:%22|")?[\w-]+\.([\w-]+)\.[\w-]+/.exec(address);
    const { token, room_id: room } = JSON.parse(atob(claims.replace(/-/g, "+").replace(/_/g, "/"))).context.matrix;
    return { openid: String(token), room: String(room) };
  } catch {
    return undefined;
  }
}

/** The address of the meeting page for whoever has the pass, or the name of a text that says why there is none. */
async function exchanged(body) {
  try {
    const answer = await fetch("/practice/exchange", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      cache: "no-store",
      signal: AbortSignal.timeout(ANSWER_WITHIN),
    });
    const { room, token, reason } = await answer.json();
    if (answer.ok && ROOM.test(room) && TOKEN.test(token)) return { address: `/${room}#jwt=%22${token}%22` };
    if (answer.status === 401) return { refusal: "stale" };
    if (answer.status === 403) return { refusal: { notMember: "stranger", notOpened: "early" }[reason] || "ended" };
  } catch {
    // No answer, or none that can be read.
  }
  return { refusal: "unreachable" };
}

/**
 * Takes Element's token out of the address at once and goes on with the one that it is changed for. Only in a frame,
 * which only the practice's chat can make: a link could bring somebody else's token along.
 */
export function enterFromElement(texts) {
  const body = pass(location.search + location.hash);
  const [, api] = /[#&]jitsi_meet_external_api_id=(\d{1,4})(?:&|$)/.exec(location.hash) || [];
  history.replaceState(null, "", location.pathname);
  window.stop();
  if (!body || window.parent === window) return replacePage(texts.chat, []);
  const enter = async () => {
    replacePage(texts.preparing, []);
    const { address, refusal } = await exchanged(body);
    // The number is what the frame's parent knows its news by.
    if (address) return location.replace(address + (api === undefined ? "" : `&jitsi_meet_external_api_id=${api}`));
    const again = refusal === "early" || refusal === "unreachable";
    replacePage(texts[refusal], again ? [button({ label: texts.retry, press: enter })] : []);
  };
  return enter();
}
