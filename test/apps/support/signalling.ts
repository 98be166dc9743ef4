import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LABEL } from "../../../src/api/group.ts";
import type { Params } from "../../../src/components/component.ts";
import { xmppDomains } from "../../../src/components/jitsi/xmpp.ts";
import { signalling } from "../../../src/components/signalling/signalling.ts";
import { CONTROL_PATH, type ControlAct, signControl } from "../../../src/entry/control.ts";
import { createAuthority } from "../../bed/pki.ts";
import { freePort } from "../../bed/ports.ts";
import { processGroup } from "../../bed/processes.ts";
import { run } from "../../bed/run.ts";
import { waitFor } from "../../bed/wait.ts";
import { commandLine, prosody } from "./programs.ts";
import { checkOf } from "./last-words.ts";
import { relocated } from "./relocate.ts";

const FOCUS_PASSWORD = "focus-password-of-the-test";
const BRIDGE_PASSWORD = "bridge-password-of-the-test";

/** A running Prosody with the rendered configuration of a practice. */
export type Signalling = Awaited<ReturnType<typeof startSignalling>>;

/** A rendered file as it is mounted; `undefined` leaves it out. Only tests can take a defence away like this. */
export type Edit = (file: string, text: string) => string | undefined;

/**
 * Starts a real, stock Prosody on the rendered files. Only what `relocated` says differs from the container, and what
 * `edit` changes. `plugins` is a folder with the plugins of the image, where they are at hand.
 */
export async function startSignalling(
  params: Params,
  { edit = (_, text) => text, plugins }: { readonly edit?: Edit; readonly plugins?: string | undefined } = {},
) {
  const programs = await prosody({ forPlugins: plugins !== undefined });
  const folder = await mkdtemp(join(tmpdir(), "signalling-"));
  const ports = { http: await freePort(), internal: await freePort(), xmpp: await freePort() };
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const authority = await createAuthority();
  const configuration = join(folder, "jitsi", "prosody", "prosody.cfg.lua");

  const files = rendered(params, edit);
  const cfg = place(files.prosody["prosody.cfg.lua"] ?? "", { folder, ports, plugins });
  await writeFiles(join(folder, "jitsi", "prosody"), { ...files.prosody, "prosody.cfg.lua": cfg });
  await writeFiles(join(folder, "modules"), files["room-modules"]);
  await writeFiles(join(folder, "jitsi", "secrets"), {
    "focus-password": `${FOCUS_PASSWORD}\n`,
    "bridge-password": `${BRIDGE_PASSWORD}\n`,
  });
  const roomKeys = join(folder, "jitsi", "rooms");
  const addKey = (kid: string, key: KeyObject) =>
    writeFiles(roomKeys, { [`${kid}.pem`]: key.export({ type: "spki", format: "pem" }) });
  await addKey("1", keys.publicKey);
  const { auth, bridge } = xmppDomains(params.practice);
  const certificate = await authority.issue({ user: auth, dnsNames: [auth, bridge] });
  await writeFiles(join(folder, "jitsi", "certs"), { "tls.crt": certificate.cert, "tls.key": certificate.key });
  await mkdir(join(folder, "data"));
  await mkdir(join(folder, "upstream"));

  const group = processGroup(folder);
  const log = () => readFile(join(folder, "log", "prosody.log"), "utf8");
  const start = async () => {
    const started = group.start("prosody", ...commandLine(programs.server, ["--config", configuration, "-F"]));
    await waitFor(
      () => {
        if (started.ended()) throw new Error(`Prosody ${started.ended()}: ${group.tail("prosody")}`);
        return fetch(`http://127.0.0.1:${ports.http}/`).then(() => true);
      },
      { interval: 20, what: "Prosody" },
    );
    return started;
  };
  const program = await start();

  const parties = params.practice.hosts;
  const signingKey = { kid: "1", privateKey: keys.privateKey };
  const post = (body: string, port = ports.internal) =>
    fetch(`http://127.0.0.1:${port}${CONTROL_PATH}`, { method: "POST", body });
  return {
    ports,
    pid: program.pid,
    /** Ends Prosody as a crash does, and starts it anew: it has forgotten everything. */
    restart: async () => {
      await program.kill();
      await start();
    },
    authority: authority.cert,
    focusPassword: FOCUS_PASSWORD,
    bridgePassword: BRIDGE_PASSWORD,
    origin: programs.server.origin,
    log,
    /** What a trial runs, on the running configuration or a changed one; throws with its output when it finds anything. */
    check: async (changes: Edit = (_, text) => text) => {
      const tried = join(folder, "jitsi", "prosody", "tried.cfg.lua");
      await writeFile(tried, changes("prosody.cfg.lua", await readFile(configuration, "utf8")) ?? "");
      const [program, ...line] = relocated(checkOf(params, "prosody").join("\n"), {
        "/etc/jitsi/prosody/prosody.cfg.lua": tried,
      }).split("\n");
      if (program !== "prosodyctl") throw new Error(`A trial runs ${program}.`);
      return run(...commandLine(programs.control, line));
    },
    addKey,
    signingKey,
    /** The key with which tokens are checked, as PEM. */
    publicKey: keys.publicKey.export({ type: "spki", format: "pem" }).toString(),
    /** A signed token; `changes` replace claims, and `undefined` removes one. */
    token: (room: string, changes: Readonly<Record<string, unknown>> = {}, key = keys.privateKey, header = {}) =>
      signed({ alg: "ES256", typ: "JWT", kid: "1", ...header }, { ...claimsFor(params, room), ...changes }, key),
    /** A signed request to the internal interface, not sent yet. */
    request: (act: ControlAct, now = seconds()) => signControl(signingKey, parties, act, now),
    post,
    /** Asks the internal interface as the entry page does. */
    ask: async (act: ControlAct) => (await post(await signControl(signingKey, parties, act, seconds()))).json(),
    isBusy: async () => {
      const answer = await fetch(`http://127.0.0.1:${ports.internal}/practice/busy`);
      return ((await answer.json()) as { busy: boolean }).busy;
    },
    stop: async () => {
      await group.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export const seconds = () => Math.floor(Date.now() / 1000);

/** Claims of a patient's good token, written by hand: wrong ones are made from them. */
function claimsFor({ practice: { hosts } }: Params, room: string) {
  const now = seconds();
  return {
    iss: hosts.entry,
    aud: hosts.meet,
    sub: randomBytes(18).toString("base64url"),
    room,
    nbf: now - 60,
    exp: now + 600,
    context: { user: { moderator: false }, features: {} },
  };
}

/** A JSON web token by hand, so that it can also be a wrong one. */
export function signed(header: object, claims: object, key: Parameters<typeof sign>[2]): string {
  const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const signature = sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" } as Parameters<typeof sign>[2]);
  return `${text}.${signature.toString("base64url")}`;
}

function place(
  text: string,
  {
    folder,
    ports,
    plugins,
  }: { folder: string; ports: Record<"http" | "internal" | "xmpp", number>; plugins: string | undefined },
): string {
  const moved = relocated(text, {
    "/etc/jitsi/": join(folder, "jitsi/"),
    "/prosody-plugins-custom/": join(folder, "modules/"),
    "/prosody-plugins/": `${plugins ?? join(folder, "upstream")}/`,
    "/var/lib/prosody": join(folder, "data"),
    "{ 5222 }": `{ ${ports.xmpp} }`,
    "{ 5280; 5281 }": `{ ${ports.http}; ${ports.internal} }`,
    'http_interfaces = { "*"; "::" }': 'http_interfaces = { "127.0.0.1"; "::1" }',
    "practice_internal_port = 5281": `practice_internal_port = ${ports.internal}`,
  });
  // Prosody refuses to run as root unless told, and a test machine may know no other user.
  return process.getuid?.() === 0 ? `run_as_root = true\n${moved}` : moved;
}

/** Files of the rendered ConfigMaps by component, after `edit`. */
function rendered(params: Params, edit: Edit): Record<"prosody" | "room-modules", Record<string, string>> {
  const maps = signalling.build(params).filter((object) => object.kind === "ConfigMap");
  const files = (component: string) => {
    const map = maps.find((object) => object.metadata.labels?.[LABEL.component] === component);
    if (!map) throw new Error(`No ConfigMap is rendered for ${component}.`);
    return Object.fromEntries(
      Object.entries(map.data as Record<string, string>).flatMap(([name, text]) => {
        const edited = edit(name, text);
        return edited === undefined ? [] : [[name, edited]];
      }),
    );
  };
  return { prosody: files("prosody"), "room-modules": files("room-modules") };
}

async function writeFiles(folder: string, files: Readonly<Record<string, string | Buffer>>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
}
