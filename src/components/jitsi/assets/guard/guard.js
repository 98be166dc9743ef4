/*
 * Guard of the meeting page. It is inlined before every other script of the page; docs/video-guard.md tells more.
 *
 * Promises, for a browser that runs the page as we serve it:
 *   1. Nothing in the address, in another window or left in the browser changes the configuration or the encryption.
 *   2. A browser that cannot encrypt media end to end, or a version of the app that was not proven or lacks a hook
 *      that we need, gets an explanation and no call.
 *   3. Encryption is switched on before the join is sent. No sound or picture is sent before this side encrypts and
 *      every other side claims to; where the practice requires it, before both have compared the safety symbols.
 *   4. Somebody else's "off" switches nothing off. If encryption is off or lost all the same, the call ends.
 * It does not protect against whoever serves this page; participants compare the safety symbols for that.
 */

import { forget, ignoreOtherWindows, isStaff, recallLink, reduceAddress } from "./address.js";
import { enterFromElement, isElementCall } from "./element.js";
import { isSealed, lacking, settle, silence, watchMedia } from "./media.js";
import { replacePage, showNote, waysOn } from "./page.js";
import { textsFor } from "./texts.js";

/** What is called on lib-jitsi-meet's conference. Names of events and of state stand where they are used. */
const HOOKS =
  "getParticipantById getParticipants isE2EEEnabled isE2EESupported leave markParticipantVerified myUserId on " +
  "setLocalParticipantProperty startVerification toggleE2EE";

const WAIT_SHOWN_AFTER = 1_500;
const PEERS_ENCRYPT_WITHIN = 10_000;
const SEALED_WITHIN = 30_000;
/** An app that reconnects has begun anew by then. */
const ENDED_AFTER = 3_000;
const WARNING_BEFORE_END = 300_000;
const MORE_SECONDS = 900;

const setting = (name) => (document.querySelector(`meta[name="practice-${name}"]`) || {}).content;
const texts = textsFor(navigator.language, setting("locale"));
const required = setting("verification") !== "prompt";

let store;
let staff = false;
let over = false;
let restoring = false;
/** The conference that the guard has prepared, and what it knows about it. */
let call = {};

function tell(what) {
  document.documentElement.dataset.practiceGuard = what;
}

/** The end of everything on this page: nothing is sent any more, and a text says why. */
function refuse(reason) {
  if (over) return;
  over = true;
  tell(reason === "ended" ? reason : `blocked-${reason}`);
  for (const step of [silence, leave, () => explain(reason)]) {
    try {
      step();
    } catch {
      // The next step ends the call as well.
    }
  }
}

function leave() {
  if (call.room) Promise.resolve(call.room.leave()).catch(() => undefined);
  if (window.APP) APP.conference.hangup(false);
}

function explain(reason) {
  window.stop();
  replacePage(texts[reason], reason === "ended" ? waysOn(texts, setting("entry")) : []);
}

/** Prepares a conference before its join is sent. */
function arm(room) {
  call = { room, since: Date.now(), peers: new WeakMap() };
  if (!HOOKS.split(" ").every((name) => typeof room[name] === "function")) return refuse("version");
  if (!room.isE2EESupported()) return refuse("version");
  const { markParticipantVerified, toggleE2EE } = room;
  room.toggleE2EE = (on) => on && toggleE2EE.call(room, true);
  room.markParticipantVerified = (id, match) => {
    Object.assign(peer(id), match ? { mine: true } : { differs: true });
    markParticipantVerified.call(room, id, match);
  };
  room.on("conference.e2ee.verification.ready", (id) => void (peer(id).compares = true));
  room.on("conference.e2ee.verification.completed", (id, match) => {
    // The app says `completed` as soon as the other side confirmed, whatever was pressed here.
    Object.assign(peer(id), match ? { theirs: true } : { failed: true });
  });
  room.on("conference.non_participant_message_received", (from, message) => {
    if (!from && message && message.type === "practice-deadline") call.deadline = message.at * 1000;
  });
  store.dispatch({ type: "TOGGLE_E2EE", enabled: true });
  if (!room.isE2EEEnabled()) return refuse("version");
  tell("armed");
}

function peer(id) {
  const participant = call.room.getParticipantById(id);
  if (participant && !call.peers.has(participant)) call.peers.set(participant, {});
  return call.peers.get(participant) || {};
}

function enteringOf({ joining, membersOnly, passwordRequired }) {
  return joining || membersOnly || passwordRequired;
}

/** Runs at every change of the app's state. */
function look() {
  if (over || restoring) return;
  const state = store.getState();
  const conference = state["features/base/conference"];
  const e2ee = state["features/e2ee"];
  if (!conference || !e2ee) return refuse("version");
  const entering = enteringOf(conference);
  if (entering && entering !== call.room) arm(entering);
  const room = conference.conference;
  if (over || !room || conference.leaving) return;
  const { externallyManagedKey, disabled } = (state["features/base/config"] || {}).e2ee || {};
  if (room !== call.room || !room.isE2EEEnabled() || externallyManagedKey || disabled) return refuse("off");
  call.joined = call.joined || Date.now();
  restore(state);
}

/** Somebody else's "off" reaches the app's state, though nothing was switched off: the app must not show it. */
function restore(state) {
  const { id, e2eeEnabled } = (state["features/base/participants"] || {}).local || {};
  restoring = true;
  if (e2eeEnabled === false) {
    store.dispatch({ type: "PARTICIPANT_UPDATED", participant: { id, local: true, e2eeEnabled: true } });
  }
  if (!store.getState()["features/e2ee"].enabled) store.dispatch({ type: "TOGGLE_E2EE", enabled: true });
  restoring = false;
  if (!store.getState()["features/e2ee"].enabled) refuse("off");
}

/** Runs all the time: whatever no event tells is seen here. */
function tick() {
  look();
  if (over) return;
  const state = store.getState();
  const conference = state["features/base/conference"];
  if (conference.conference && !conference.leaving) return during(conference.conference);
  settle(false);
  const entering = enteringOf(conference);
  const failed = !entering && (conference.error || (state["features/base/connection"] || {}).error);
  if (failed) showNote(call.joined ? texts.lost : texts.failed, { label: texts.again, press: () => location.reload() });
  else if (entering && Date.now() - call.since > WAIT_SHOWN_AFTER) showNote(texts.wait);
  else showNote();
  call.gone = call.room && !entering && !failed ? call.gone || Date.now() : undefined;
  if (Date.now() - call.gone > ENDED_AFTER) refuse("ended");
}

function during(room) {
  const others = room.getParticipants();
  const encrypted = others.every((other) => String(other.getProperty("e2ee.enabled")) === "true");
  const sealed = isSealed(room.myUserId());
  const known = others.map((other) => peer(other.getId()));
  const open = sealed && encrypted && (!required || known.every(({ mine, theirs }) => mine && theirs));
  const flowing = settle(open) && open;
  tell(flowing ? "open" : "held");
  call.unencrypted = encrypted ? undefined : call.unencrypted || Date.now();
  if (call.unencrypted && Date.now() - call.unencrypted > PEERS_ENCRYPT_WITHIN) return refuse("off");
  if (!sealed && Date.now() - call.joined > SEALED_WITHIN) return refuse("version");
  if (required && known.some(({ differs, failed }) => differs || failed)) return refuse("differ");
  if (sealed && encrypted) compare(room, others);
  advise(room, flowing, known);
}

/** One of the two begins, the same one on both sides; beginning again while it runs changes nothing. */
function compare(room, others) {
  if (!required && others.length !== 1) return;
  const next = others.find((other) => !peer(other.getId()).compares);
  if (next && room.myUserId() < next.getId()) room.startVerification(next.getId());
}

/** What there is to say now. That the end is near is said whatever else is: nobody has to compare before. */
function advise(room, flowing, known) {
  const comparing = known.some(({ compares, mine, differs, failed }) => compares && !mine && !differs && !failed);
  if (known.some(({ differs }) => differs)) {
    return showNote(texts.mismatch, { label: texts.end, press: () => APP.conference.hangup(false) });
  }
  const ending = call.deadline - Date.now() < WARNING_BEFORE_END;
  const todo = comparing ? texts[required ? "required" : "compare"] : flowing ? "" : texts.sealing;
  const text = [ending && texts.minutes, todo].filter(Boolean).join(" ");
  showNote(text, ending && staff && { label: texts.extend, press: () => extend(room) });
}

/** Prosody takes the wanted end, in seconds since 1970, and tells everybody. */
function extend(room) {
  room.setLocalParticipantProperty("practice_extend", String(call.deadline / 1000 + MORE_SECONDS));
}

/** Runs a step; whatever goes wrong in it is a hook that is not as it should be. */
function safely(step) {
  return () => {
    try {
      step();
    } catch {
      refuse("version");
    }
  };
}

function waitForApp() {
  store = window.APP && APP.store;
  if (over) return;
  if (!store) {
    setTimeout(safely(waitForApp), 20);
    return;
  }
  store.subscribe(safely(look));
  setInterval(safely(tick), 200);
  look();
}

safely(() => {
  if (isElementCall()) return enterFromElement(texts);
  recallLink();
  reduceAddress();
  staff = isStaff();
  window.addEventListener("hashchange", reduceAddress, true);
  window.addEventListener("popstate", reduceAddress, true);
  ignoreOtherWindows(setting("chat"));
  forget();
  window.addEventListener("pagehide", forget);
  tell("waiting");
  const other = lacking();
  if (other) return refuse(other);
  if (setting("app") !== "proven") return refuse("version");
  watchMedia(() => refuse("off"));
  waitForApp();
})();
