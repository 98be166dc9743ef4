import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { json } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { administer, type SynapsePod } from "../../src/cli/user-administration.ts";

/** Synapse as far as the command's own part is concerned; the real one is in `test/apps/messaging/users.test.ts`. */
let server: Server;
let asked: string[];
/** What stands on the pod. */
let proof: string | undefined;
let answers: { challenge: number; loggedOut: boolean; sees: () => boolean };
beforeEach(async () => {
  asked = [];
  proof = undefined;
  answers = { challenge: 200, loggedOut: true, sees: () => true };
  server = createServer((request, response) => {
    void answerTo(request).then(({ status, body }) => {
      if (status === 0) return response.destroy();
      return response.writeHead(status).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

async function answerTo(request: IncomingMessage): Promise<{ status: number; body: object }> {
  const { authorization } = request.headers;
  asked.push(`${request.method} ${request.url}${authorization ? ` ${authorization}` : ""}`);
  if (request.url?.endsWith("/logout")) return { status: answers.loggedOut ? 200 : 0, body: {} };
  if (request.method === "GET" && request.url?.startsWith("/practice")) {
    return { status: answers.challenge, body: { challenge: "c" } };
  }
  if (request.method !== "POST") return { status: 500, body: { error: "No." } };
  const { challenge, secret } = (await json(request)) as { challenge: string; secret: string };
  const right = proof === createHash("sha256").update(`${challenge}.${secret}`).digest("hex");
  if (!right || !answers.sees()) return { status: 403, body: {} };
  return { status: 200, body: { user_id: "@admin:greenriver.example:8448", access_token: "t" } };
}

const pod = (changes: Partial<SynapsePod> = {}): SynapsePod => ({
  connect: async () => connect((server.address() as AddressInfo).port, "127.0.0.1"),
  writeProof: async (written) => void (proof = written),
  eraseProof: async () => void (proof = undefined),
  ...changes,
});

const never = new AbortController().signal;
const LOGOUT = "POST /_matrix/client/v3/logout Bearer t";

describe("administering", () => {
  it("asks until the pod has seen the proof, takes it away, acts with the token and ends it", async () => {
    let looks = 0;
    answers.sees = () => (looks += 1) > 2;
    const served = await administer(
      pod(),
      async ({ serverName }) => {
        expect(proof).toBeUndefined();
        return serverName;
      },
      never,
    );
    expect(served).toBe("greenriver.example:8448");
    expect(asked).toEqual([
      "GET /practice/administration",
      ...Array<string>(3).fill("POST /practice/administration"),
      LOGOUT,
    ]);
  });

  it("ends the token when what it was for fails, and passes on why", async () => {
    const fails = administer(pod(), ({ call }) => call("GET", "/_synapse/admin/v2/users"), never);
    await expect(fails).rejects.toThrow("Synapse answered 500 and says: No.");
    expect(asked.at(-1)).toBe(LOGOUT);
  });

  it("ends the token also when the proof cannot be taken off the pod", async () => {
    const eraseProof = () => Promise.reject(new Error("away"));
    expect(await administer(pod({ eraseProof }), async () => "done", never)).toBe("done");
    expect(asked.at(-1)).toBe(LOGOUT);
  });

  it("gives the result although the connection was lost before the end", async () => {
    answers.loggedOut = false;
    expect(await administer(pod(), async () => "done", never)).toBe("done");
  });

  it("does nothing when it was interrupted before the token came, and leaves nothing", async () => {
    const stop = new AbortController();
    const writeProof: SynapsePod["writeProof"] = async (written) => {
      proof = written;
      stop.abort(new Error("Interrupted."));
    };
    await expect(administer(pod({ writeProof }), async () => "done", stop.signal)).rejects.toThrow("Interrupted.");
    expect(proof).toBeUndefined();
    expect(asked).toEqual(["GET /practice/administration"]);
  });

  it("ends a token that comes although the command was interrupted meanwhile", async () => {
    const stop = new AbortController();
    answers.sees = () => {
      stop.abort(new Error("Interrupted."));
      return true;
    };
    const acts = administer(pod(), ({ call }) => call("GET", "/_synapse/admin/v2/users"), stop.signal);
    await expect(acts).rejects.toThrow("Interrupted.");
    expect(asked.slice(2)).toEqual([LOGOUT]);
  });

  it("says so when the homeserver has no such listener yet", async () => {
    answers.challenge = 404;
    await expect(administer(pod(), async () => "done", never)).rejects.toThrow("older than this program");
  });
});
