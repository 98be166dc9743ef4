import { createHmac, generateKeyPairSync, type KeyObject } from "node:crypto";
import { signed } from "../apps/support/signalling.ts";

type Claims = Readonly<Record<string, unknown>>;
/** Signs a good token with some claims, the key or the header replaced. */
export type Sign = (changes?: Claims, key?: KeyObject, header?: Claims) => string;

const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const now = () => Math.floor(Date.now() / 1000);
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const bodyOf = (token: string) => token.split(".")[1] ?? "";

/** What is no room token of the practice, or none that is good now. Our schema and Prosody must both refuse each. */
export const BAD_TOKENS: readonly {
  readonly name: string;
  readonly make: (sign: Sign, publicKey: string) => string;
}[] = [
  { name: "somebody else's key", make: (sign) => sign({}, other) },
  { name: "a key that nobody knows", make: (sign) => sign({}, undefined, { kid: "7" }) },
  { name: "a key named by a path", make: (sign) => sign({}, undefined, { kid: "../rooms/1" }) },
  { name: "no key named", make: (sign) => sign({}, undefined, { kid: undefined }) },
  { name: "another type", make: (sign) => sign({}, undefined, { typ: "practice-control+jwt" }) },
  { name: "no signature", make: (sign) => `${sign().split(".").slice(0, 2).join(".")}.` },
  { name: "alg none", make: (sign) => `${part({ alg: "none", typ: "JWT", kid: "1" })}.${bodyOf(sign())}.` },
  {
    name: "an HMAC made with the public key",
    make: (sign, publicKey) => {
      const text = `${part({ alg: "HS256", typ: "JWT", kid: "1" })}.${bodyOf(sign())}`;
      return `${text}.${createHmac("sha256", publicKey).update(text).digest("base64url")}`;
    },
  },
  {
    // Its key is a public constant: element-web, apps/web/src/vector/jitsi/index.ts.
    name: "Element's own signature",
    make: () => {
      const matrix = {
        token: "syo_x",
        room_id: "!a:matrix.greenriver.example",
        server_name: "matrix.greenriver.example",
      };
      const meet = "meet.greenriver.example";
      const claims = { iss: meet, sub: meet, aud: `https://${meet}`, room: "*", context: { matrix, user: {} } };
      const text = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
      return `${text}.${createHmac("sha256", "notused").update(text).digest("base64url")}`;
    },
  },
  {
    name: "RSA in place of ECDSA",
    make: (sign) => signed({ alg: "RS256", typ: "JWT", kid: "1" }, { room: bodyOf(sign()) }, rsa),
  },
  { name: "another issuer", make: (sign) => sign({ iss: "go.other.example" }) },
  { name: "another audience", make: (sign) => sign({ aud: "meet.other.example" }) },
  { name: "a list of audiences", make: (sign) => sign({ aud: ["meet.greenriver.example"] }) },
  { name: "no end", make: (sign) => sign({ exp: undefined }) },
  { name: "no beginning", make: (sign) => sign({ nbf: undefined }) },
  { name: "a window that is over", make: (sign) => sign({ exp: now() - 1 }) },
  { name: "a window that has not begun", make: (sign) => sign({ nbf: now() + 300 }) },
  { name: "a window of more than a day", make: (sign) => sign({ exp: now() + 90_000 }) },
  { name: "an end that is text", make: (sign) => sign({ exp: String(now() + 600) }) },
  { name: "an end that is no whole number", make: (sign) => sign({ exp: now() + 600.5 }) },
  { name: "every room", make: (sign) => sign({ room: "*" }) },
  { name: "no room", make: (sign) => sign({ room: undefined }) },
  { name: "two rooms", make: (sign) => sign({ room: ["a".repeat(26), "b".repeat(26)] }) },
  { name: "a room that can be guessed", make: (sign) => sign({ room: "room1234" }) },
  { name: "a room in capitals", make: (sign) => sign({ room: "A".repeat(26) }) },
  { name: "no holder", make: (sign) => sign({ sub: undefined }) },
  { name: "a holder that is a name", make: (sign) => sign({ sub: "anna" }) },
  { name: "a word in place of its number", make: (sign) => sign({ word: "anna" }) },
  { name: "a word's number that is none", make: (sign) => sign({ word: 1.5 }) },
  { name: "a word's number beyond the list", make: (sign) => sign({ word: 100 }) },
  { name: "no word about staff", make: (sign) => sign({ context: { user: {} } }) },
  { name: "staff as text", make: (sign) => sign({ context: { user: { moderator: "true" } } }) },
];
