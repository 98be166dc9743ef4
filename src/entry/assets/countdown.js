const countdown = document.querySelector("[data-countdown]");
const language = document.documentElement.lang;
const now = Number(document.body.dataset.now);
/** How far this device's clock is behind the server's, in milliseconds. */
const behind = now ? now * 1000 - Date.now() : 0;
const opens = Number(countdown.dataset.opens) * 1000;
const two = (value) => String(value).padStart(2, "0");

function textOf(seconds) {
  const days = Math.floor(seconds / 86_400);
  if (days > 0)
    return new Intl.NumberFormat(language, { style: "unit", unit: "day", unitDisplay: "long" }).format(days);
  const hours = Math.floor(seconds / 3_600);
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

function tick() {
  const left = Math.max(0, Math.ceil((opens - Date.now() - behind) / 1000));
  countdown.querySelector("[data-left]").textContent = textOf(left);
  if (left > 0) setTimeout(tick, 1000);
  // The server decides whether it is time: never ask it in a rush.
  else setTimeout(() => document.querySelector("[data-again]").submit(), 3000);
}

countdown.hidden = false;
tick();
