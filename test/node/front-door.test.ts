import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { closedPaths, ROOM } from "../apps/support/front-paths.ts";
import { IN_THE_ROOM, nickOf } from "../apps/support/calls.ts";
import { encryption, presence } from "../apps/support/xmpp.ts";
import { waitFor } from "../bed/wait.ts";
import { renewed, shown } from "./support/renewal.ts";
import { buildDoor, openDoor } from "./support/door.ts";
import { measure, portsOf, type To } from "./support/measure.ts";
import { hand, runAt, withoutEnforcer } from "./support/node.ts";
import { EDGE } from "./support/operator.ts";
import { addPerson, type Person, signIn } from "./support/people.ts";
import { type Passage, startDeskThrough, throughDoor } from "./support/passage.ts";
import { PLAIN, serverPod, startPods } from "./support/pods.ts";
import {
  expectAllReady,
  isSolver,
  livesOf,
  type Pod,
  podsOf,
  type RunningPractice,
  startPractice,
} from "./support/practice.ts";

/**
 * A practice as the internet meets it: haproxy-ingress and HAProxy in a pod, certificates by cert-manager from Pebble, which
 * reaches the pods that answer its challenges through that door alone.
 */

const acme = inject("acme");
const SOLVER_PORT = 8089;

let practice: RunningPractice;
let passage: Passage;
/** While the door was still closed, and challenges waited. */
let waiting: {
  readonly solvers: readonly Pod[];
  readonly told: string;
  readonly open: ReadonlySet<string>;
  /** The same ways on a network that knows no policies. */
  readonly bare: ReadonlySet<string>;
};
let stranger: string;

const issued = () => hand.expectReason(practice.namespace, "CertificatesReady", "Issued", "greenriver", 120_000);

/** Resolves when the front door shows the practice's certificate for each host. */
async function atTheDoor(): Promise<void> {
  const { serialNumber } = await shown(practice);
  const serials = () => Promise.all(Object.values(practice.hosts).map((host) => passage.serial(host)));
  const all = async () => (await serials()).every((serial) => serial === serialNumber);
  await waitFor(all, { timeout: 60_000, what: "the front door to show the certificate" });
}

async function runningSolvers(): Promise<readonly Pod[]> {
  const running = async () => {
    const solvers = (await podsOf(practice.namespace)).filter(isSolver);
    return solvers.length === 4 && solvers.every(({ status }) => status.containerStatuses?.[0]?.ready) && solvers;
  };
  return waitFor(running, { timeout: 120_000, what: "four pods that answer challenges" });
}

/** What is said of the certificate, as soon as every challenge has failed once. */
function toldOfAll(): Promise<string> {
  const all = async () => {
    const { message } = await hand.expectReason(practice.namespace, "CertificatesReady", "CertificateIssuing");
    return Object.values(practice.hosts).every((host) => message.includes(host)) && message;
  };
  return waitFor(all, { timeout: 60_000, what: "every host to be told of" });
}

/** The ways to pods that are open to a stranger, to the front door's namespace, and to the node. */
async function openTo(targets: readonly To[]): Promise<ReadonlySet<string>> {
  const froms = [
    { name: "a stranger", place: { namespace: stranger, pod: "stranger" } },
    { name: "the edge", place: { namespace: EDGE, pod: "beside" } },
    { name: "the node", place: "node" },
  ] as const;
  return measure(froms, targets);
}

beforeAll(async () => {
  await buildDoor();
  stranger = await hand.namespace(PLAIN);
  const account = { email: "office@greenriver.example", server: acme.directory };
  const [made] = await Promise.all([
    startPractice({ certificates: { acme: account }, maintenance: { timeZone: "UTC" } }),
    startPods(stranger, serverPod(stranger, "stranger")),
    startPods(EDGE, serverPod(EDGE, "beside")),
  ]);
  practice = made;
  const solvers = await runningSolvers();
  const targets = solvers.map(({ status }, index) => {
    return { name: `solver ${index}`, host: status.podIP, ports: [["TCP", SOLVER_PORT]] as const };
  });
  const told = await toldOfAll();
  const open = await openTo(targets);
  waiting = { solvers, told, open, bare: await withoutEnforcer(() => openTo(targets)) };
  await openDoor();
  await issued();
  const root = `fetch(${JSON.stringify(acme.rootUrl)}).then((answer) => answer.text()).then(console.log)`;
  const ca = await runAt("outside", "env", `NODE_EXTRA_CA_CERTS=${acme.trust}`, process.execPath, "-e", root);
  passage = await throughDoor(ca);
  await atTheDoor();
}, 600_000);

afterAll(async () => {
  await passage?.close();
  await hand.close();
});

describe("a challenge of an ACME server", () => {
  it("is answered by pods under Pod Security restricted, without more rights than the practice's own", () => {
    const specs = waiting.solvers.map((pod) => pod["spec"] as { containers: object[]; securityContext: object });
    for (const { containers, securityContext } of specs) {
      expect(securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
      expect(containers).toMatchObject([
        { securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } } },
      ]);
    }
  });

  it("is heard through the front door alone: all others but the node are kept out", () => {
    const names = waiting.solvers.map((_, index) => `to solver ${index} TCP ${SOLVER_PORT}`);
    const expected = names.flatMap((name) => [`the edge ${name}`, `the node ${name}`]);
    expect([...waiting.open].toSorted()).toEqual(expected.toSorted());
    const strangers = names.map((name) => `a stranger ${name}`);
    expect([...waiting.bare].toSorted()).toEqual([...strangers, ...expected].toSorted());
  });

  it("that nobody could hear is told for each host", () => {
    for (const host of Object.values(practice.hosts)) expect(waiting.told).toContain(host);
    expect(waiting.told).toContain("failed to perform self check GET request");
  });

  it("leaves a certificate for the four hosts, and none of its pods", async () => {
    expect((await issued()).message).toMatch(/covers all four hosts until \d{4}-\d\d-\d\d/);
    const none = async () => !(await podsOf(practice.namespace)).some(isSolver);
    await waitFor(none, { what: "the pods that answered to be gone" });
    await expectAllReady(practice.namespace);
    await hand.expectReason(practice.namespace, "NetworkIsolated", "NotProbed");
  });
});

describe("through the front door", () => {
  it("each open path answers, under the host's own certificate", async () => {
    const { meet, matrix, chat, entry } = practice.hosts;
    for (const [host, path, answer] of [
      [meet, `/${ROOM}`, "stand-in"],
      [meet, "/.well-known/element/jitsi", '{"auth":"openidtoken-jwt"}'],
      [matrix, "/_matrix/client/versions", "v1.11"],
      [matrix, "/.well-known/matrix/client", matrix],
      [chat, "/", "stand-in"],
      [chat, "/config.json", "default_server_config"],
      [entry, "/", "<h1>"],
      [entry, "/staff", "<form"],
    ] as const) {
      const { status, body } = await passage.ask(host, path);
      expect({ host, path, status, body }).toEqual({ host, path, status: 200, body: expect.stringContaining(answer) });
    }
  });

  it("administration, federation, metrics, debugging and all else is 404", async () => {
    const own: readonly string[] = Object.values(practice.hosts);
    const open: string[] = [];
    for (const [host, path] of closedPaths(practice.hosts)) {
      const { status } = await (own.includes(host) ? passage.ask(host, path) : passage.askAnyhow(host, path));
      if (status !== 404) open.push(`${status} ${host}${path}`);
    }
    expect(open).toEqual([]);
  });

  it("plain HTTP leads to HTTPS, and TLS is at least 1.2", async () => {
    for (const host of Object.values(practice.hosts)) {
      const { status, headers } = await passage.askInTheClear(host, "/s/link?a=b");
      expect([301, 302, 308]).toContain(status);
      expect(headers.location).toBe(`https://${host}/s/link?a=b`);
      expect(await passage.handshake(host, "TLSv1.2")).toBe("TLSv1.2");
      await expect(passage.handshake(host, "TLSv1.1")).rejects.toThrow(/alert|protocol|reset|unsupported/i);
    }
  });

  it("leads the only way in: to a stranger everything is closed, and to the door all but the front", async () => {
    const targets = await Promise.all(
      (await podsOf(practice.namespace)).map(async ({ metadata, status }) => {
        const ports = await portsOf({ namespace: practice.namespace, pod: metadata.name });
        return { name: metadata.labels?.["telehealth-operator.io/role"] ?? "", host: status.podIP, ports };
      }),
    );
    const open = [...(await openTo(targets))].filter((way) => !way.startsWith("the node "));
    expect(open).toContain("the edge to front TCP 8080");
    // Everybody may send media to the bridge.
    const others = open.filter((way) => way !== "the edge to front TCP 8080" && !/ to bridge UDP \d+$/.test(way));
    expect(others).toEqual([]);
  });
});

/** Who runs, and how often each container was started: of the practice, and of the front door. */
const lives = async () => [...(await livesOf(practice.namespace)), ...(await livesOf(EDGE))];

describe("people who come through the front door", () => {
  let therapist: Person;
  let patient: Person;

  beforeAll(async () => {
    therapist = await addPerson(practice, "therapist", "anna");
    patient = await addPerson(practice, "patient");
  }, 120_000);

  it("sign in to the chat with stock clients, and one reads what the other wrote encrypted", async () => {
    const one = await signIn(passage, practice, therapist);
    const other = await signIn(passage, practice, patient);
    try {
      const { room_id: room } = await one.sdk.createRoom({ invite: [patient.id] });
      await other.sdk.joinRoom(room);
      const joined = () => one.sdk.getRoom(room)?.getMember(patient.id)?.membership === "join";
      await waitFor(joined, { what: "the therapist's client to see the patient" });
      await one.say(room, "Until Tuesday.");
      await other.hears(room, "Until Tuesday.");
    } finally {
      one.stop();
      other.stop();
    }
  });

  it("make a link, follow it, and meet in its room; their call goes on while the certificate is renewed", async () => {
    const desk = await startDeskThrough(passage, practice);
    try {
      const staff = await desk.signedIn(therapist);
      const { link, staffLink } = await desk.make(staff);
      const guest = await desk.enter(link);
      expect(guest.status).toBe(303);
      const patient = await desk.knock(guest.to);
      const therapistInCall = await desk.knock((await desk.enterAsStaff(staffLink, staff)).to);
      await therapistInCall.expect(IN_THE_ROOM);
      await patient.expect(IN_THE_ROOM);

      const [before, old] = [await lives(), await shown(practice)];
      const certificate = await renewed(practice);
      expect(certificate.serialNumber).not.toBe(old.serialNumber);
      await atTheDoor();
      await issued();
      expect([patient.isOver(), therapistInCall.isOver()]).toEqual([false, false]);
      const marker = `${encryption()}<marker xmlns="test">still here</marker>`;
      therapistInCall.send(presence(`${therapistInCall.room.jid}/${nickOf(therapistInCall)}`, marker));
      await patient.expect(/still here/);
      // The operator answers a change within a second or two: what it does about this one has begun by now.
      await sleep(5000);
      await hand.expectReason(practice.namespace, "UpdatePending", "UpToDate");
      expect(await lives()).toEqual(before);
    } finally {
      desk.stop();
    }
  });
});
