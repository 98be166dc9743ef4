import { isKeeping, read, write } from "./storage.js";
import { keepLink } from "./tab.js";
import { sentenceOf } from "./when.js";

// A visitor's own appointments. They are kept only when the visitor says so, and stay on this device.
const OWN = "own";

/** Past appointments are only a date: their links are dropped. */
function tidied() {
  const now = Date.now() / 1000;
  const list = read(OWN).map((item) => (item.ends < now ? { starts: item.starts, ends: item.ends } : item));
  write(OWN, list);
  return list.toSorted((one, other) => one.starts - other.starts);
}

function fill(card, keeping) {
  const items = keeping ? tidied() : [];
  const list = card.querySelector("[data-own-list]");
  list.replaceChildren(...items.map((item) => rowOf(card.querySelector("template"), item)));
  list.hidden = items.length === 0;
  for (const part of ["where", "wipe"]) card.querySelector(`[data-own-${part}]`).hidden = items.length === 0;
  card.querySelector("[data-own-none]").hidden = !keeping || items.length > 0;
  card.querySelector("[data-own-private]").hidden = keeping;
}

function rowOf(template, item) {
  const row = template.content.cloneNode(true);
  const time = row.querySelector("time");
  time.textContent = sentenceOf(time.dataset.when, item);
  time.dateTime = new Date(item.starts * 1000).toISOString();
  row.querySelector("[data-past]").hidden = Boolean(item.link);
  const form = row.querySelector("form");
  if (!item.link) form.remove();
  else {
    form.elements.link.value = item.link;
    form.addEventListener("submit", () => keepLink(item.link));
  }
  return row;
}

function offer(choice, keeping) {
  choice.hidden = !keeping;
  const { link } = choice.dataset;
  const box = choice.querySelector("input");
  const others = () => read(OWN).filter((item) => item.link !== link);
  box.checked = others().length < read(OWN).length;
  box.addEventListener("change", () => {
    const mine = { link, starts: Number(choice.dataset.starts), ends: Number(choice.dataset.ends) };
    write(OWN, box.checked ? [...others(), mine] : others());
  });
}

const keeping = await isKeeping();
const choice = document.querySelector("[data-remember]");
if (choice) offer(choice, keeping);
const card = document.querySelector("[data-own]");
if (card) {
  fill(card, keeping);
  card.querySelector("[data-own-wipe]").addEventListener("click", () => {
    write(OWN, []);
    fill(card, keeping);
    const said = card.querySelector("[data-own-said]");
    said.textContent = said.dataset.text;
    said.tabIndex = -1;
    said.focus(); // the button that had it is gone
  });
}
