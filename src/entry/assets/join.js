const LINK = "link";
const form = document.querySelector("[data-join]");

/** The capability, out of the address at once: nobody sees, copies or bookmarks it. This tab keeps it for a reload. */
function takeLink() {
  const fragment = location.hash.slice(1);
  try {
    if (fragment) sessionStorage.setItem(LINK, fragment);
    return fragment || sessionStorage.getItem(LINK) || "";
  } catch {
    return fragment;
  } finally {
    if (fragment) history.replaceState(null, "", location.pathname + location.search);
  }
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
  try {
    sessionStorage.setItem(LINK, field.value);
  } catch {
    // A tab that keeps nothing asks for the link again after a reload.
  }
});
window.addEventListener("hashchange", goOn);
goOn();
