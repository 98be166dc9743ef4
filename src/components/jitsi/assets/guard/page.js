const STYLE = {
  page: "font: 1.25rem/1.6 sans-serif; max-width: 32rem; margin: 20vh auto; padding: 0 1rem",
  note:
    "position: fixed; top: 0.5rem; left: 50%; transform: translateX(-50%); z-index: 2147483647; box-sizing: border-box; " +
    "width: min(44rem, 94vw); padding: 0.5rem 1rem; border-radius: 0.5rem; font: 1rem/1.5 sans-serif; " +
    "background: #fff; color: #1f2a30; box-shadow: 0 2px 12px #0008",
  button: "display: block; margin-top: 0.5rem; padding: 0.5rem 1rem; font: inherit; cursor: pointer",
};

function element(tag, style, text) {
  const made = document.createElement(tag);
  if (style) made.setAttribute("style", style);
  if (text) made.textContent = text;
  return made;
}

/** A button with what it is called and does. */
export function button({ label, press }) {
  const made = element("button", STYLE.button, label);
  made.addEventListener("click", press);
  return made;
}

/** Puts a page with one text in place of everything; `more` are elements below it. */
export function replacePage(text, more) {
  showNote();
  const body = element("body");
  const message = element("p", STYLE.page, text);
  message.setAttribute("role", "alert");
  body.appendChild(message);
  more.forEach((item) => message.appendChild(item));
  if (document.body) document.body.replaceWith(body);
  else document.documentElement.appendChild(body);
}

/** What stands on the page after a call: a way back in, and one to the practice, unless the chat frames it. */
export function waysOn(texts, entry) {
  const again = button({ label: texts.again, press: () => location.reload() });
  if (window.parent !== window) return [again];
  const link = element("a", STYLE.button, texts.practice);
  link.setAttribute("href", entry);
  return [again, link];
}

let shown;
let note;

/**
 * Shows one note above the app, or none. It stands beside the body, because a dialog of the app hides everything else
 * in the body from pointers and screen readers. `action` is a button in it.
 */
export function showNote(text, action) {
  if (shown === text || !document.body) return;
  shown = text;
  if (note) note.remove();
  note = undefined;
  if (!text) return;
  note = element("div", STYLE.note, text);
  note.setAttribute("role", "status");
  note.setAttribute("data-practice-note", "");
  if (action) note.appendChild(button(action));
  // The app takes a press beside its own dialog for the answer that the symbols differ.
  for (const press of ["mousedown", "touchstart"]) note.addEventListener(press, (event) => event.stopPropagation());
  document.documentElement.appendChild(note);
}
