import { generateKeyPairSync, sign } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LABEL } from "../../../src/api/group.ts";
import type { Params } from "../../../src/components/component.ts";
import { roomTokenContract, xmppDomains } from "../../../src/components/jitsi/xmpp.ts";
import { signalling } from "../../../src/components/signalling/signalling.ts";
import { createAuthority } from "../../bed/pki.ts";
import { freePort } from "../../bed/ports.ts";
import { processGroup } from "../../bed/processes.ts";
import { run } from "../../bed/run.ts";
import { waitFor } from "../../bed/wait.ts";
import { commandLine, prosody } from "./programs.ts";
import { relocated } from "./relocate.ts";

const FOCUS_PASSWORD = "focus-password-of-the-test";
const BRIDGE_PASSWORD = "bridge-password-of-the-test";

/** A running Prosody with the rendered configuration of a practice. */
export type Signalling = Awaited<ReturnType<typeof startSignalling>>;

/**
 * Starts a real, stock Prosody on the rendered files. Only what `relocated` says differs from the container.
 * `without` leaves modules of ours out, as if their file had not been mounted.
 */
export async function startSignalling(params: Params, { without = [] as readonly string[] } = {}) {
  const programs = await prosody();
  const folder = await mkdtemp(join(tmpdir(), "signalling-"));
  const ports = { http: await freePort(), xmpp: await freePort() };
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const authority = await createAuthority();
  const configuration = join(folder, "jitsi", "prosody", "prosody.cfg.lua");

  const files = rendered(params);
  await writeFiles(join(folder, "jitsi", "prosody"), {
    ...files.prosody,
    "prosody.cfg.lua": place(files.prosody["prosody.cfg.lua"] ?? "", folder, ports),
  });
  const modules = Object.entries(files["room-modules"]).filter(([name]) => !without.includes(name));
  await writeFiles(join(folder, "modules"), Object.fromEntries(modules));
  await writeFiles(join(folder, "jitsi", "secrets"), {
    "focus-password": `${FOCUS_PASSWORD}\n`,
    "bridge-password": `${BRIDGE_PASSWORD}\n`,
  });
  await writeFiles(join(folder, "jitsi", "rooms"), {
    "public.pem": keys.publicKey.export({ type: "spki", format: "pem" }),
  });
  const { auth, bridge } = xmppDomains(params.practice);
  const certificate = await authority.issue({ user: auth, dnsNames: [auth, bridge] });
  await writeFiles(join(folder, "jitsi", "certs"), { "tls.crt": certificate.cert, "tls.key": certificate.key });
  await mkdir(join(folder, "data"));
  await mkdir(join(folder, "upstream"));

  const group = processGroup(folder);
  group.start("prosody", ...commandLine(programs.server, ["--config", configuration, "-F"]));
  const log = () => readFile(join(folder, "log", "prosody.log"), "utf8");
  await waitFor(() => fetch(`http://127.0.0.1:${ports.http}/`).then(() => true), { interval: 20, what: "Prosody" });

  return {
    ports,
    authority: authority.cert,
    focusPassword: FOCUS_PASSWORD,
    bridgePassword: BRIDGE_PASSWORD,
    origin: programs.server.origin,
    log,
    /** `prosodyctl check config` on the running configuration; throws with its output when it finds anything. */
    check: () => run(...commandLine(programs.control, ["--config", configuration, "check", "config"])),
    /** A signed token; `changes` replace claims, and `undefined` removes one. */
    token: (room: string, changes: Readonly<Record<string, unknown>> = {}, key = keys.privateKey) => {
      const contract = roomTokenContract(params.practice);
      const now = Math.floor(Date.now() / 1000);
      const claims = { iss: contract.issuer, aud: contract.audience, room, nbf: now - 60, exp: now + 600, ...changes };
      return signed({ alg: "ES256", typ: "JWT" }, claims, key);
    },
    stop: async () => {
      await group.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A JSON web token by hand, so that it can also be a wrong one. */
export function signed(header: object, claims: object, key: Parameters<typeof sign>[2]): string {
  const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const signature = sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" } as Parameters<typeof sign>[2]);
  return `${text}.${signature.toString("base64url")}`;
}

function place(text: string, folder: string, ports: { http: number; xmpp: number }): string {
  const moved = relocated(text, {
    "/etc/jitsi/": join(folder, "jitsi/"),
    "/prosody-plugins-custom/": join(folder, "modules/"),
    "/prosody-plugins/": join(folder, "upstream/"),
    "/var/lib/prosody": join(folder, "data"),
    "{ 5222 }": `{ ${ports.xmpp} }`,
    "{ 5280 }": `{ ${ports.http} }`,
  });
  // Prosody refuses to run as root unless told, and a test machine may know no other user.
  return process.getuid?.() === 0 ? `run_as_root = true\n${moved}` : moved;
}

/** Files of the rendered ConfigMaps by component. */
function rendered(params: Params): Record<"prosody" | "room-modules", Record<string, string>> {
  const maps = signalling.build(params).filter((object) => object.kind === "ConfigMap");
  const files = (component: string) => {
    const map = maps.find((object) => object.metadata.labels?.[LABEL.component] === component);
    if (!map) throw new Error(`No ConfigMap is rendered for ${component}.`);
    return map.data as Record<string, string>;
  };
  return { prosody: files("prosody"), "room-modules": files("room-modules") };
}

async function writeFiles(folder: string, files: Readonly<Record<string, string | Buffer>>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
}
