// What this tab keeps, for a reload or another language, until it is closed.
const LINK = "link";

/** Keeps the capability in this tab. */
export function keepLink(link) {
  try {
    sessionStorage.setItem(LINK, link);
  } catch {
    // A tab that keeps nothing asks for the link again.
  }
}

/** The capability that this tab keeps; empty when there is none. */
export function keptLink() {
  try {
    return sessionStorage.getItem(LINK) || "";
  } catch {
    return "";
  }
}

export function forgetLink() {
  try {
    sessionStorage.removeItem(LINK);
  } catch {
    // Nothing was kept.
  }
}
