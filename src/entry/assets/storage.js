// Lists that this browser keeps, and nobody else has.

/** The list of that name; empty when there is none, or when this browser keeps nothing. */
export function read(name) {
  try {
    const list = JSON.parse(localStorage.getItem(name));
    return Array.isArray(list) ? list.filter((item) => item && Number.isFinite(item.ends)) : [];
  } catch {
    return [];
  }
}

/** Keeps the list, the newest fifty of it. */
export function write(name, list) {
  try {
    if (list.length === 0) localStorage.removeItem(name);
    else localStorage.setItem(name, JSON.stringify(list.slice(-50)));
  } catch {
    // A browser that keeps nothing has an empty list.
  }
}

/**
 * Whether this window keeps what is written. Private windows of Firefox and Safari have no file system of their own;
 * those of Chromium cannot be told, but forget everything when the last of them is closed.
 */
export async function isKeeping() {
  try {
    localStorage.setItem("probe", "1");
    localStorage.removeItem("probe");
    if (navigator.storage && navigator.storage.getDirectory) await navigator.storage.getDirectory();
    return true;
  } catch {
    return false;
  }
}
