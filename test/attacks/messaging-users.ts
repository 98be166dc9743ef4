import { createHash, randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type Front, startFront } from "../apps/support/front.ts";
import { call, type Messaging, startMessaging } from "../apps/support/messaging.ts";
import { startProvider, type StaffProvider } from "../apps/support/provider.ts";
import { startPeople } from "../apps/support/rooms.ts";
import type { Edit } from "../apps/support/signalling.ts";
import { signInThrough, tokenLogin } from "../apps/support/sso.ts";
import { signIn } from "../apps/support/user-command.ts";
import { staffedBy } from "../support/staffed.ts";
import { someParams } from "../support/practice.ts";
import { type Attack, type AttackGroup, group, type Outcome } from "./attack.ts";
import { MESSAGING_PARTS, messagingStage, outcomeOf, type Practice, withSettings } from "./messaging.ts";
import { withChange } from "./stage.ts";

const CLIENT = "/_matrix/client/v3";
const ADMINISTRATION = "/practice/administration";
const MODULE = "practice_policy.py";

const administration = ({ ports }: Messaging) => `http://127.0.0.1:${ports.administration}${ADMINISTRATION}`;
const challengeOf = async (matrix: Messaging) => String((await call(administration(matrix))).body["challenge"]);
const newSecret = () => randomBytes(32).toString("base64url");
const proofOf = (challenge: string, secret: string) =>
  createHash("sha256").update(`${challenge}.${secret}`).digest("hex");
const sends = (matrix: Messaging, body: { challenge: string; secret: string }) =>
  call(administration(matrix), "POST", body);

/** Somebody whom the kubelet lets through to the listener asks for a token of an administrator. */
const forwarded = (
  id: string,
  does: string,
  run: (matrix: Messaging) => ReturnType<typeof call>,
): Attack<Messaging> => ({ id, promise: 3, does, run: async (matrix) => outcomeOf(await run(matrix)) });

/** So that no run has to wait for three minutes. */
const impatient = withChange(MODULE, "CHALLENGE_SECONDS = 180", "CHALLENGE_SECONDS = 4");

export const proofAttacksOn = (version?: string) =>
  group<Messaging>({
    defence: "practice_policy: a proof on the pod itself, for one challenge, once, for a short time",
    parts: MESSAGING_PARTS,
    start: (defended) => {
      const gullible = withChange(
        MODULE,
        "        stem, _, signature = challenge",
        "        return True\n        stem, _, signature = challenge",
      );
      const edit: Edit = (file, text) => {
        const quick = impatient(file, text) ?? "";
        return defended ? quick : gullible(file, quick);
      };
      return startMessaging(someParams(), { edit, ...(version !== undefined && { version }) });
    },
    attacks: [
      forwarded("accounts-without-proof", "Somebody with a port-forward alone asks to administer people.", (matrix) =>
        call(administration(matrix), "POST", {}),
      ),
      forwarded(
        "accounts-by-port-forward",
        "Somebody with a port-forward alone answers a challenge, but cannot write on the pod.",
        async (matrix) => sends(matrix, { challenge: await challengeOf(matrix), secret: newSecret() }),
      ),
      forwarded(
        "accounts-by-reading-the-pod",
        "Somebody who can read the pod takes what a command wrote there for the secret.",
        async (matrix) => {
          const challenge = await challengeOf(matrix);
          const proof = proofOf(challenge, newSecret());
          await matrix.writeProof(proof);
          return sends(matrix, { challenge, secret: Buffer.from(proof, "hex").toString("base64url") });
        },
      ),
      forwarded(
        "accounts-by-own-challenge",
        "A proof stands on the pod for a challenge that the homeserver never gave.",
        async (matrix) => {
          const [time = "", nonce = ""] = (await challengeOf(matrix)).split("-");
          const proven = { challenge: `${time}-${nonce}-${"0".repeat(64)}`, secret: newSecret() };
          await matrix.writeProof(proofOf(proven.challenge, proven.secret));
          return sends(matrix, proven);
        },
      ),
      forwarded("accounts-by-replay", "What a command proved with is sent a second time.", async (matrix) => {
        const proven = { challenge: await challengeOf(matrix), secret: newSecret() };
        await matrix.writeProof(proofOf(proven.challenge, proven.secret));
        const first = await sends(matrix, proven);
        if (first.status !== 200) throw new Error(`The first use was refused: ${first.status}`);
        return sends(matrix, proven);
      }),
      forwarded("accounts-by-old-proof", "A proof that a command left behind is used later.", async (matrix) => {
        const proven = { challenge: await challengeOf(matrix), secret: newSecret() };
        await matrix.writeProof(proofOf(proven.challenge, proven.secret));
        await sleep(4100);
        return sends(matrix, proven);
      }),
    ],
  });

/** Whether a challenge is given there; a refused connection is an answer. */
async function isThere(url: string, token?: string): Promise<Outcome> {
  try {
    const { status, body } = await call(url, "GET", undefined, token);
    return status === 200 && typeof body["challenge"] === "string" ? "succeeded" : "failed";
  } catch (error) {
    const { code } = (error as { cause?: { code?: string } }).cause ?? {};
    if (code === "ECONNREFUSED") return "failed";
    throw error;
  }
}

interface Listener {
  additional_resources?: object;
  bind_addresses: string[];
}

/** The administration beside everything else, and for everybody. */
const everywhere = withSettings((settings) => {
  const listeners = settings["listeners"] as Listener[];
  const own = listeners.find(({ additional_resources: more = {} }) => ADMINISTRATION in more);
  if (!own) throw new Error("There is no listener for the administration.");
  own.bind_addresses = ["0.0.0.0"];
  for (const listener of listeners.slice(0, 2)) {
    listener.additional_resources = { ...listener.additional_resources, ...own.additional_resources };
  }
});

const reaches = (id: string, does: string, url: (practice: Practice) => string, who?: "patient"): Attack<Practice> => ({
  id,
  promise: 3,
  does,
  run: (practice) => isThere(`${url(practice)}${ADMINISTRATION}`, who && practice[who].token),
});

export const administrationListener = group<Practice>({
  defence: "homeserver.yaml: the administration on a listener of its own, inside the pod",
  parts: MESSAGING_PARTS,
  start: messagingStage(everywhere),
  attacks: [
    // Another address of the machine stands for that of the pod.
    reaches("accounts-from-another-pod", "Another pod reaches the administration.", ({ ports }) => {
      return `http://127.0.0.2:${ports.administration}`;
    }),
    reaches(
      "accounts-on-the-client-port",
      "The front pod reaches the administration where clients are.",
      ({ ports }) => {
        return `http://127.0.0.1:${ports.client}`;
      },
    ),
    reaches("accounts-on-the-internal-port", "The entry pod reaches the administration where it asks.", ({ ports }) => {
      return `http://127.0.0.1:${ports.openid}`;
    }),
    reaches(
      "accounts-by-a-patient",
      "A patient asks for the administration, signed in.",
      ({ ports }) => `http://127.0.0.1:${ports.client}`,
      "patient",
    ),
  ],
});

type Staffed = Messaging & { readonly provider: StaffProvider; readonly front: Front };

/** A practice whose staff comes from a provider; `ada` and `eve` have accounts there, one with the claim. */
const staffedStage =
  (taken: Edit, version?: string): AttackGroup<Staffed>["start"] =>
  async (defended) => {
    const provider = await startProvider({ ada: { groups: ["therapists"] }, eve: { groups: ["office"] } });
    const params = staffedBy(provider);
    const matrix = await startPeople(params, {
      provider,
      ...(!defended && { edit: taken }),
      ...(version !== undefined && { version }),
    });
    const front = await startFront(params, { pages: {}, element: {} }, { synapsePort: matrix.ports.client });
    const stop = async () => void (await Promise.all([front.stop(), matrix.stop(), provider.stop()]));
    return { ...matrix, provider, front, stop };
  };

async function comes({ provider, front, ports }: Staffed, sub: string) {
  provider.signIn(sub);
  return tokenLogin({ ports }, (await signInThrough(provider, front)).at);
}

/** What staff can do and nobody else. */
const makesARoom = async (session: Awaited<ReturnType<typeof tokenLogin>>): Promise<Outcome> =>
  session.status === 403 ? "failed" : outcomeOf(await session.call("POST", `${CLIENT}/createRoom`, {}));

export const claimAttacksOn = (version?: string) =>
  group<Staffed>({
    defence: "practice_policy: the claim that makes staff, at each sign-in",
    parts: ["nginx", ...MESSAGING_PARTS, "oidc-provider"],
    start: staffedStage(withChange(MODULE, "if self._value not in (", "if False and self._value not in ("), version),
    attacks: [
      {
        id: "staff-without-the-claim",
        promise: 6,
        does: "Somebody with an account at the provider, but without the claim, signs in.",
        run: async (practice) => makesARoom(await comes(practice, "eve")),
      },
      {
        id: "staff-with-a-former-claim",
        promise: 6,
        does: "Somebody who is no longer staff at the provider signs in again.",
        run: async (practice) => {
          practice.provider.people["bea"] = { groups: ["therapists"] };
          const [before] = [await makesARoom(await comes(practice, "bea"))];
          if (before !== "succeeded") throw new Error("Staff was not let in.");
          practice.provider.people["bea"] = {};
          return makesARoom(await comes(practice, "bea"));
        },
      },
      {
        id: "session-of-former-staff",
        promise: 6,
        does: "Somebody who was refused at the provider goes on with an earlier session.",
        run: async (practice) => {
          practice.provider.people["cyd"] = { groups: ["therapists"] };
          const session = await comes(practice, "cyd");
          practice.provider.people["cyd"] = {};
          await comes(practice, "cyd");
          return outcomeOf(await session.call("GET", `${CLIENT}/account/whoami`));
        },
      },
    ],
  });

export const signInAttacks = group<Staffed>({
  defence: "practice_policy: who may sign in with a password",
  parts: MESSAGING_PARTS,
  start: staffedStage(withChange(MODULE, "            check_login_for_spam=self.check_login_for_spam,\n", "")),
  attacks: [
    {
      id: "staff-by-password",
      promise: 6,
      does: "Where a provider says who is staff, somebody with an older account of staff signs in with its password.",
      run: async (practice) =>
        outcomeOf(await signIn(practice.ports.client, await practice.register("fay", "therapist"))),
    },
    {
      id: "administrator-by-password",
      promise: 3,
      does: "Somebody has given the account that commands act as a password, and signs in with it.",
      run: async (practice) => {
        const account = await practice.register("practice-administrator", undefined, true);
        return outcomeOf(await signIn(practice.ports.client, account));
      },
    },
  ],
});
