const BOOLEAN = /^(true|false)$/;
const KEPT = {
  jwt: /^(%22|")[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(%22|")$/,
  "userInfo.displayName": /^(%22|")[^&"<>]{0,200}(%22|")$/,
  "config.startWithAudioMuted": BOOLEAN,
  "config.startWithVideoMuted": BOOLEAN,
  "config.prejoinConfig.enabled": BOOLEAN,
  jitsi_meet_external_api_id: /^\d{1,4}$/,
};

function reduced(fragment) {
  const left = new Map(Object.entries(KEPT));
  return fragment
    .replace(/^#/, "")
    .split("&")
    .filter((part) => {
      const [key] = part.split("=", 1);
      const allowed = left.get(key);
      left.delete(key);
      return Boolean(allowed) && allowed.test(part.slice(key.length + 1));
    })
    .join("&");
}

const LINK = "practice-link";

/**
 * The app takes the token out of the address once it is connected, so that nobody sees or copies it. When the page is
 * loaded anew, the token comes from what this tab remembers until it is closed.
 */
export function recallLink() {
  try {
    if (/[#&]jwt=/.test(location.hash)) return sessionStorage.setItem(LINK, location.pathname + location.hash);
    const link = sessionStorage.getItem(LINK) || "";
    if (link.startsWith(location.pathname + "#")) history.replaceState(null, "", link);
  } catch {
    // A browser that remembers nothing needs the whole link again.
  }
}

/** Of the address only the path and the allowed keys of the fragment stay. */
export function reduceAddress() {
  const fragment = reduced(location.hash);
  const address = location.pathname + (fragment && "#" + fragment);
  if (location.pathname + location.search + location.hash !== address) history.replaceState(null, "", address);
}

/** Whether the token in the address is staff's. Only what is shown depends on it: the server checks the token. */
export function isStaff() {
  try {
    const [, claims] = /[#&]jwt=(?:%22|")[^.]+\.([^.]+)\./.exec(location.hash);
    return JSON.parse(atob(claims.replace(/-/g, "+").replace(/_/g, "/"))).context.user.moderator === true;
  } catch {
    return false;
  }
}

/** What the frame's parent says so that it hears of the call, and that it ends it; as Jitsi's external API spells it. */
const HARMLESS =
  /^\{"postis":true,"scope":"jitsi_meet_external_api_\d{1,4}","method":("__ready__","params":"[\d.e-]{1,40}"|"message","params":\{"type":"event","data":\{"data":\[\],"name":"video-hangup"\}\})\}$/;

/**
 * Commands of the app's iframe API (overwrite-config, toggle-e2ee, …) come as messages. With a token in the address
 * the app obeys any window that can name this one, its opener too, whatever its origin. Of the practice's chat, when
 * it frames this page, two pass that change nothing but whether the call goes on.
 */
export function ignoreOtherWindows(chat) {
  const passes = ({ source, origin, data }) =>
    source === window || (source === window.parent && origin === chat && HARMLESS.test(data));
  window.addEventListener("message", (event) => passes(event) || event.stopImmediatePropagation(), true);
}

const SETTINGS = "features/base/settings";

/**
 * Empties what the app kept in this browser: identifiers, rooms, and overrides of names and passwords. The chosen
 * devices stay.
 */
export function forget() {
  try {
    const kept = Object.entries(JSON.parse(localStorage.getItem(SETTINGS)) || {}).filter(
      ([key, value]) => /^userSelected(Camera|Mic|AudioOutput)Device(Id|Label)$/.test(key) && typeof value === "string",
    );
    localStorage.clear();
    if (kept.length > 0) localStorage.setItem(SETTINGS, JSON.stringify(Object.fromEntries(kept)));
  } catch {
    try {
      localStorage.clear();
    } catch {
      // A browser that keeps nothing has nothing to forget.
    }
  }
}
