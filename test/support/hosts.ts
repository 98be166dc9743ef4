/**
 * Everything in a configuration file that could be the address of somebody: hosts of URLs of any scheme, with or
 * without one, addresses of STUN and mail, bare dotted names and IP addresses; escapes of scripts and URLs undone.
 */
export function addressesIn(text: string): string[] {
  const plain = unescaped(text);
  const found = PATTERNS.flatMap((pattern) => [...plain.matchAll(pattern)].map((match) => match[1] ?? ""));
  return [...new Set(found.map((host) => host.toLowerCase().replace(/^.*@|:\d+$|\.$/g, "")))].filter(Boolean);
}

const PATTERNS = [
  /[a-z][a-z0-9+.-]*:\/\/([^\s"'`/?#;,)\\<>|]+)/gi,
  /(?:^|[\s"'`(=[,])\/\/([^\s"'`/?#;,)\\<>*]+)/gim,
  /\b(?:stuns?|turns?|sips?|xmpp|mailto|tel|ftp):([^\s"'`/?#;,)\\<>]+)/gi,
  /(?<![\w$.%-])((?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]\.?)(?![\w(])/gi,
  /(?<![\w.])(\d{1,3}(?:\.\d{1,3}){3})(?![\w.])/g,
  /\[([0-9a-f]*:[0-9a-f:]*:[0-9a-f.:]*)\]/gi,
];

function unescaped(text: string): string {
  return text
    .replaceAll(
      /\\u([0-9a-f]{4})|\\x([0-9a-f]{2})|%([0-9a-f]{2})/gi,
      (_, wide?: string, narrow?: string, percent?: string) =>
        String.fromCharCode(Number.parseInt(wide ?? narrow ?? percent ?? "0", 16)),
    )
    .replaceAll("\\/", "/")
    .replaceAll("$request_uri", "/"); // nginx's, which begins with one
}
