import type { Practice } from "../../practice/practice.ts";
import { quoted } from "./quoted.ts";

/** Content Security Policy as data: directive to sources. */
type Csp = Readonly<Record<string, readonly string[]>>;

/** Two years: browsers never try plain HTTP again. */
const HSTS = "max-age=63072000";

/**
 * `add_header` lines for one server. They stand at server level only, because nginx drops them in every
 * location that has its own.
 */
function securityHeaders(csp: Csp | undefined, permissions: string): string {
  const headers: Readonly<Record<string, string>> = {
    "Strict-Transport-Security": HSTS,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Permissions-Policy": permissions,
    ...(csp && { "Content-Security-Policy": cspText(csp) }),
  };
  return Object.entries(headers)
    .map(([name, value]) => `    add_header ${name} ${quoted(value)} always;\n`)
    .join("");
}

const NO_PERMISSIONS = "camera=(), microphone=(), display-capture=(), geolocation=(), payment=(), usb=()";
const CHECK_PERMISSIONS = "camera=(self), microphone=(self), display-capture=(), geolocation=(), payment=(), usb=()";
const CALL_PERMISSIONS =
  "camera=(self), microphone=(self), display-capture=(self), autoplay=(self), geolocation=(), payment=(), usb=()";

/**
 * The meeting page: nothing from anywhere else. WASM is for the key exchange, a worker from a blob for the encryption.
 * `'unsafe-inline'` stays for scripts: hashes could name the guard and the configuration, which are ours, but not the
 * inline scripts of the image's own index.html, which differ from release to release.
 */
export function meetHeaders({ hosts }: Pick<Practice, "hosts">): string {
  const csp: Csp = {
    "default-src": ["'none'"],
    "script-src": ["'self'", "'unsafe-inline'", "'wasm-unsafe-eval'"],
    "style-src": ["'self'", "'unsafe-inline'"],
    "img-src": ["'self'", "data:", "blob:"],
    "media-src": ["'self'", "data:", "blob:"],
    "font-src": ["'self'", "data:"],
    "connect-src": ["'self'", `wss://${hosts.meet}`],
    "worker-src": ["'self'", "blob:"],
    "manifest-src": ["'self'"],
    "frame-src": ["'none'"],
    "object-src": ["'none'"],
    "base-uri": ["'self'"],
    "form-action": ["'none'"],
    "frame-ancestors": ["'self'", `https://${hosts.chat}`],
  };
  return securityHeaders(csp, CALL_PERMISSIONS);
}

/** Element: its own files, the homeserver, and the meeting page in a frame. */
export function chatHeaders({ hosts }: Pick<Practice, "hosts">): string {
  const matrix = `https://${hosts.matrix}`;
  const meet = `https://${hosts.meet}`;
  const csp: Csp = {
    "default-src": ["'none'"],
    "script-src": ["'self'", "'wasm-unsafe-eval'"],
    "style-src": ["'self'", "'unsafe-inline'"],
    "img-src": ["'self'", "blob:", "data:", matrix],
    "media-src": ["'self'", "blob:", "data:", matrix],
    "font-src": ["'self'", "data:"],
    "connect-src": ["'self'", matrix, meet],
    "worker-src": ["'self'", "blob:"],
    "manifest-src": ["'self'"],
    "frame-src": ["'self'", "blob:", meet],
    "object-src": ["'none'"],
    "base-uri": ["'self'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'self'"],
  };
  return securityHeaders(
    csp,
    `camera=(self "${meet}"), microphone=(self "${meet}"), display-capture=(self "${meet}"), autoplay=(self "${meet}"), geolocation=(), payment=(), usb=()`,
  );
}

/** The homeserver's API. Synapse itself sends a strict policy with every file it serves. */
export function matrixHeaders(): string {
  return securityHeaders({ "frame-ancestors": ["'none'"] }, NO_PERMISSIONS);
}

/** The entry page brings its own content policy, and tests camera and microphone before an appointment. */
export function entryHeaders(): string {
  return securityHeaders(undefined, CHECK_PERMISSIONS);
}

function cspText(csp: Csp): string {
  return Object.entries(csp)
    .map(([directive, sources]) => [directive, ...sources].join(" "))
    .join("; ");
}
