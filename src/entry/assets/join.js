import { keepLink, keptLink } from "./tab.js";

const form = document.querySelector("[data-join]");

/** The capability, out of the address at once: nobody sees, copies or bookmarks it. */
function takeLink() {
  const fragment = location.hash.slice(1);
  if (!fragment) return keptLink();
  keepLink(fragment);
  history.replaceState(null, "", location.pathname + location.search);
  return fragment;
}

function goOn() {
  const link = takeLink();
  form.hidden = Boolean(link);
  document.querySelector("[data-join-wait]").hidden = !link;
  if (!link) return;
  form.elements.link.value = link;
  form.submit();
}

form.addEventListener("submit", () => {
  const field = form.elements.link;
  field.value = field.value.trim().replace(/^.*#/, ""); // a whole link was pasted
  keepLink(field.value);
});
window.addEventListener("hashchange", goOn);
goOn();
