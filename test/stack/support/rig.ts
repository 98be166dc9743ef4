import { X509Certificate, createHash } from "node:crypto";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Params } from "../../../src/components/component.ts";
import { bridgePort } from "../../../src/components/jitsi/jvb.ts";
import type { Video } from "../../../src/practice/practice.ts";
import { type Front, startFront } from "../../apps/support/front.ts";
import { type Edit, startSignalling } from "../../apps/support/signalling.ts";
import { createAuthority } from "../../bed/pki.ts";
import { processGroup } from "../../bed/processes.ts";
import { somePractice, someParams } from "../../support/practice.ts";
import { startBalancer } from "./balancer.ts";
import { startBrowser } from "./browser.ts";
import { startDaemons } from "./daemons.ts";
import { differencesOf, told } from "./differences.ts";
import { startEdge } from "../../apps/support/edge.ts";
import { expectNamespace, PUBLIC_IP } from "./namespace.ts";
import { findStack } from "./parts.ts";
import type { Person } from "./person.ts";

/** How the meeting page is served: with the guard, without it, or with the comparison of symbols required. */
const PAGES = { guarded: 443, bare: 8443, required: 8444 } as const;
export type Page = keyof typeof PAGES;

export type Rig = Awaited<ReturnType<typeof startRig>>;

/**
 * The whole video part of a practice on its rendered configuration: nginx with the real web client, Prosody, jicofo,
 * the bridge, and a browser. `edit` takes defences of Prosody away.
 */
export async function startRig({ edit, video = {} }: { edit?: Edit; video?: Partial<Video> } = {}) {
  expectNamespace();
  const stack = await findStack();
  const params = practiceParams(video);
  const { practice } = params;
  const differences = differencesOf(stack, practice.hosts.meet);
  for (const line of told(differences)) process.stderr.write(`difference: ${line}\n`);

  const folder = await mkdtemp(join(tmpdir(), "stack-"));
  const group = processGroup(folder);
  const prosody = await startSignalling(params, { plugins: stack.prosodyPlugins, ...(edit && { edit }) });
  const daemons = await startDaemons(params, { stack, prosody, differences, group, folder });
  await expectNoComplaint({ Prosody: prosody.log(), jicofo: daemons.log("jicofo"), "The bridge": daemons.log("jvb") });
  const balancer = await startBalancer(practice.video.media.port, bridgePort(practice));

  const identity = await (await createAuthority()).issue({ user: "edge", dnsNames: Object.values(practice.hosts) });
  const pages = Object.keys(PAGES) as Page[];
  const fronts: Front[] = [];
  const edges: Awaited<ReturnType<typeof startEdge>>[] = [];
  for (const page of pages) {
    const served = servedAs(page, params);
    const real = { signallingPort: prosody.ports.http, webRoot: stack.web };
    const front = await startFront(served, { pages: {}, element: {} }, real);
    fronts.push(front);
    edges.push(await startEdge(identity, { port: PAGES[page], target: front.port, paths: differences.edge }));
  }
  const { publicKey } = new X509Certificate(identity.cert);
  const pin = createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("base64");
  const browser = await startBrowser({ folder, pin, hosts: Object.values(practice.hosts) });

  return {
    params,
    prosody,
    daemons,
    balancer,
    browser,
    /** Who has come and not left yet. */
    people: [] as Person[],
    /** Every host that the browser looked for; after it was closed. */
    hostsLookedFor: async () => hostsIn(await readFile(join(folder, "network.json"), "utf8")),
    /** Ends all connections to the practice, as a lost network does. */
    cut: () => edges.forEach((edge) => edge.cut()),
    urlOf: (page: Page, room: string, fragment: string) =>
      `https://${practice.hosts.meet}${PAGES[page] === 443 ? "" : `:${PAGES[page]}`}/${room}${fragment}`,
    /** What every program has written to its log so far. */
    logs: async () => ({
      prosody: await prosody.log(),
      jicofo: await daemons.log("jicofo"),
      jvb: await daemons.log("jvb"),
      nginx: (await Promise.all(fronts.map((front) => front.log()))).join(""),
    }),
    stop: async () => {
      await browser.close();
      await Promise.all(edges.map((edge) => edge.stop()));
      await Promise.all(fronts.map((front) => front.stop()));
      balancer.stop();
      await group.stop();
      await prosody.stop();
    },
  };
}

/** Of what a stack has otherwise than the images only what is printed as a difference may be. */
async function expectNoComplaint(logs: Readonly<Record<string, Promise<string>>>): Promise<void> {
  for (const [name, log] of Object.entries(logs)) {
    const text = (await log).trim();
    if (text) throw new Error(`${name} does not start as in its image: ${text.slice(0, 2_000)}`);
  }
}

function servedAs(page: Page, params: Params): Params {
  const { assets, practice } = params;
  if (page === "bare") return { ...params, assets: { ...assets, guard: "" } };
  if (page === "required")
    return { ...params, practice: { ...practice, video: { ...practice.video, verification: "required" } } };
  return params;
}

/** Names of hosts in a log of the browser's network stack, whatever part of the browser asked. */
function hostsIn(log: string): string[] {
  const urls = log.matchAll(/"(?:url|host|origin|hostname)":"(?:\w+:\/\/)?([^"/:?#]+)/g);
  return [...new Set([...urls].map(([, host]) => host ?? ""))].toSorted();
}

function practiceParams(video: Partial<Video>): Params {
  const { practice, ...rest } = someParams();
  const { media } = practice.video;
  return {
    ...rest,
    practice: somePractice({ video: { ...practice.video, maxParticipants: 3, ...video } }),
    observed: { ...rest.observed, mediaAddresses: [{ ip: PUBLIC_IP, port: media.port }] },
  };
}
