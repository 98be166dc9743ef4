import { read, write } from "./storage.js";

// Staff's links on this device: the only list of them that there is.
const MADE = "made";

/** Links whose time is not over, the next one first; others are dropped. */
export function madeLinks() {
  const now = Date.now() / 1000;
  const list = read(MADE).filter(({ ends }) => ends > now);
  write(MADE, list);
  return list.toSorted((one, other) => one.starts - other.starts);
}

export function keepLink(item) {
  write(MADE, [...read(MADE).filter(({ staffLink }) => staffLink !== item.staffLink), item]);
}

export function dropLink(link) {
  write(
    MADE,
    read(MADE).filter(({ staffLink }) => staffLink !== link),
  );
}

export function dropAll() {
  write(MADE, []);
}

const REVOKING = "revoking";

/** Remembers which link is being taken back, until the server says that it was. */
export function watchRevoking(form) {
  form.addEventListener("submit", () => sessionStorage.setItem(REVOKING, form.elements.link.value));
}

/** Drops the link that was taken back, if the server did it. */
export function settleRevoking(done) {
  const link = sessionStorage.getItem(REVOKING);
  sessionStorage.removeItem(REVOKING);
  if (link && done) dropLink(link);
}
