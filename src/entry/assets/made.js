import { copy } from "./copy.js";
import { keepLink, madeLinks, watchRevoking } from "./made-list.js";

const kept = document.querySelector("[data-keep]");
const { keep: staffLink, starts, ends } = kept.dataset;
keepLink({ staffLink, starts: Number(starts), ends: Number(ends) });
kept.hidden = !madeLinks().some((item) => item.staffLink === staffLink);

for (const button of document.querySelectorAll("[data-copy-from]")) {
  const { copyFrom, done, failed } = button.dataset;
  button.hidden = false;
  button.addEventListener("click", () => {
    const area = document.getElementById(copyFrom);
    area.select();
    void copy(area.value, document.getElementById(`${copyFrom}-said`), { done, failed });
  });
}
for (const form of document.querySelectorAll('form[action="/staff/revoke"]')) watchRevoking(form);
