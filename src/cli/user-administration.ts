import { createHash, randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { ADMINISTRATION_PATH } from "../components/matrix/homeserver.ts";
import { type Answer, askOver } from "./user-request.ts";

/** Synapse's pod, as far as a command that administers people reaches it. */
export interface SynapsePod {
  /** A connection to its listener inside the pod. */
  connect(): Promise<Duplex>;
  /** Writes what proves that this command's user may write on the pod. */
  writeProof(proof: string): Promise<void>;
  /** Takes it away again; another command's stays. */
  eraseProof(proof: string): Promise<void>;
}

/** Synapse's admin API, for one command. */
export interface Administration {
  /** The part of every account's id after the colon. */
  readonly serverName: string;
  /** @throws Error with a sentence when it answers with something else than success and 404, or the command was interrupted. */
  call(method: string, path: string, body?: object): Promise<Answer>;
}

/** A kubelet that is busy may take this long to show the pod what was written on it. */
const PATIENCE_MS = 120_000;
const PAUSE_MS = 500;

/**
 * Runs `act` with the rights of an administrator, and leaves none behind: the secret is made here and kept in memory, its
 * digest is taken off the pod before anything is done, and the token is ended, also when `signal` fires. What is killed
 * on the spot leaves a digest that is good for nothing, and a token that ends by itself within five minutes.
 */
export async function administer<T>(
  pod: SynapsePod,
  act: (administration: Administration) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const { userId, token } = await tokenFrom(pod, signal);
  const ask = async (method: string, path: string, body?: object) =>
    askOver(await pod.connect(), method, path, { token, ...(body && { body }) });
  try {
    return await act({
      serverName: userId.slice(userId.indexOf(":") + 1),
      async call(method, path, body) {
        signal.throwIfAborted();
        const answer = await ask(method, path, body);
        if (answer.status < 300 || answer.status === 404) return answer;
        throw new Error(refusal(answer));
      },
    });
  } finally {
    await ask("POST", "/_matrix/client/v3/logout", {}).catch(() => {
      process.stderr.write(
        "The connection was lost before the end: what this command could do ends within five minutes.\n",
      );
    });
  }
}

async function tokenFrom(pod: SynapsePod, signal: AbortSignal) {
  const { status, body } = await askOver(await pod.connect(), "GET", ADMINISTRATION_PATH);
  const challenge = body["challenge"];
  if (status !== 200 || typeof challenge !== "string") {
    throw new Error(
      "The messaging of this practice is older than this program. Wait until the operator has updated it.",
    );
  }
  signal.throwIfAborted();
  const secret = randomBytes(32).toString("base64url");
  const proof = createHash("sha256").update(`${challenge}.${secret}`).digest("hex");
  try {
    await pod.writeProof(proof);
    return await answerTo(pod, { challenge, secret }, signal);
  } finally {
    // With a token in hand nothing may fail before that has been ended; and the digest is good for nothing by now.
    await pod.eraseProof(proof).catch(() => {
      process.stderr.write("What was written on the pod could not be taken away. It is good for nothing.\n");
    });
  }
}

/** Asks until the pod has seen the proof. An answer on its way is never left alone: it may hold a token. */
async function answerTo(pod: SynapsePod, proven: { challenge: string; secret: string }, signal: AbortSignal) {
  for (let waited = 0; waited < PATIENCE_MS; waited += PAUSE_MS) {
    signal.throwIfAborted();
    const { status, body } = await askOver(await pod.connect(), "POST", ADMINISTRATION_PATH, { body: proven });
    const { user_id: userId, access_token: token } = body;
    if (status === 200 && typeof userId === "string" && typeof token === "string") return { userId, token };
    if (status !== 403) throw new Error(refusal({ status, body }));
    await sleep(PAUSE_MS);
  }
  throw new Error(
    "The pod did not take up that you may administer it. Somebody else may be doing so at this moment, or its node is " +
      "busy. Please try again.",
  );
}

function refusal({ status, body }: Answer): string {
  const said = typeof body["error"] === "string" ? ` and says: ${body["error"]}` : "";
  if (status === 401) return "The command took longer than it may act. Run it again; it goes on where it was.";
  return `Synapse answered ${status}${said}`;
}
