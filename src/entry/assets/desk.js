import { dropAll, madeLinks, settleRevoking, watchRevoking } from "./made-list.js";
import { sentenceOf, timeOf } from "./when.js";

/** How often to ask who waits, in milliseconds, and how long before a link's time, in seconds. */
const ASK_EVERY = 5_000;
const ASK_BEFORE = 1_800;

const card = document.querySelector("[data-made]");
const now = document.querySelector("[data-made-now]");
const near = now.querySelector("[data-made-near]");
const later = card.querySelector("[data-made-list]");

const isNear = (starts) => starts - Date.now() / 1000 <= ASK_BEFORE;

async function ask(path, fields) {
  const answer = await fetch(path, { method: "POST", body: new URLSearchParams(fields) });
  if (!answer.ok) throw new Error("refused");
  return answer.json();
}

function itemOf({ staffLink, starts, ends }) {
  const item = card.querySelector("[data-made-item]").content.firstElementChild.cloneNode(true);
  const time = item.querySelector("time");
  time.textContent = sentenceOf(time.dataset.when, { starts, ends });
  time.dateTime = new Date(starts * 1000).toISOString();
  for (const field of item.querySelectorAll("[name=link]")) field.value = staffLink;
  watchRevoking(item.querySelector('form[action="/staff/revoke"]'));
  return { item, staffLink, starts };
}

/** What is about to begin stands at the top, so that nobody looks for it while somebody waits. */
function place({ item, starts }) {
  const list = isNear(starts) ? near : later;
  if (item.parentElement === list) return;
  item.querySelector('form[action="/staff/enter"] button').classList.toggle("plain", list === later);
  list.append(item);
  later.hidden = later.children.length === 0;
  now.hidden = near.children.length === 0;
}

/** Who waits is told again only when it changed, so that a screen reader is not interrupted and a button stays. */
function showWaiting(made, waiting) {
  const seen = JSON.stringify(waiting);
  if (made.seen === seen) return;
  made.seen = seen;
  const list = made.item.querySelector(".waiting");
  list.hidden = waiting.length === 0;
  made.item.querySelector("[data-waiting-all]").hidden = waiting.length < 2;
  list.replaceChildren(...waiting.map((one) => waitingOf(made, one)));
  made.item.querySelector("[data-waiting]").textContent = waiting.length === 0 ? card.dataset.none : "";
}

function waitingOf(made, { holder, since, word }) {
  const row = card.querySelector("[data-waiting-item]").content.firstElementChild.cloneNode(true);
  const about = card.dataset.since.replace("$time", () => timeOf(since));
  row.querySelector("[data-word]").textContent = word || "";
  row.querySelector("[data-since]").textContent = about;
  // Six buttons of one name would be one button to who hears them.
  const button = row.querySelector("button");
  button.setAttribute("aria-label", [button.textContent.trim(), word, about].filter(Boolean).join(", "));
  button.addEventListener("click", async (event) => {
    event.currentTarget.disabled = true;
    await ask("/staff/admit", { link: made.staffLink, holder }).catch(() => undefined);
    made.seen = undefined;
    await look(made);
  });
  return row;
}

async function look(made) {
  if (!isNear(made.starts)) return;
  place(made);
  try {
    const { waiting } = await ask("/staff/waiting", { link: made.staffLink, lang: document.documentElement.lang });
    showWaiting(made, waiting);
  } catch {
    made.seen = undefined;
    made.item.querySelector(".waiting").hidden = true;
    made.item.querySelector("[data-waiting-all]").hidden = true;
    made.item.querySelector("[data-waiting]").textContent = card.dataset.unknown;
  }
}

function fill() {
  const all = madeLinks().map(itemOf);
  for (const list of [near, later]) list.replaceChildren();
  later.hidden = true;
  now.hidden = true;
  all.forEach(place);
  card.querySelector("[data-made-none]").hidden = all.length > 0;
  for (const part of ["about", "wipe"]) card.querySelector(`[data-made-${part}]`).hidden = all.length === 0;
  return all;
}

settleRevoking(Boolean(document.querySelector('[data-done="revoked"]')));
let all = fill();
card.querySelector("[data-made-wipe]").addEventListener("click", () => {
  dropAll();
  all = fill();
});
async function watch() {
  if (!document.hidden) await Promise.all(all.map(look));
  setTimeout(watch, ASK_EVERY);
}
void watch();
