import { Agent, request } from "undici";
import type { Front } from "./front.ts";
import { call, type Messaging } from "./messaging.ts";
import type { StaffProvider } from "./provider.ts";

const MATRIX = "matrix.greenriver.example";
const HERE = new RegExp(`^https://${MATRIX.replaceAll(".", "\\.")}`);
export const ELEMENT = "https://chat.greenriver.example/";

/**
 * Goes the way of a browser from Element's button to wherever it ends: through the front to Synapse, to the provider and
 * back. Ends at the first address that is neither's, or at a page.
 */
export async function signInThrough(
  provider: StaffProvider,
  front: Front,
  { start = "/_matrix/client/v3/login/sso/redirect/oidc-staff", back = ELEMENT } = {},
): Promise<{ readonly at?: URL; readonly status: number; readonly page: string }> {
  const agent = new Agent({ connect: { ca: provider.ca } });
  const cookies = new Map<string, string>();
  try {
    let at = `https://${MATRIX}${start}?redirectUrl=${encodeURIComponent(back)}`;
    for (let steps = 0; steps < 12; steps += 1) {
      const atProvider = at.startsWith(provider.issuer);
      if (!atProvider && !HERE.test(at)) return { at: new URL(at), status: 302, page: "" };
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
      const answer = atProvider ? await visit(agent, at, cookie) : await through(front, at.replace(HERE, ""), cookie);
      for (const line of answer.cookies) {
        const [name = "", value = ""] = line.split(";")[0]?.split(/=(.*)/s) ?? [];
        cookies.set(name, value);
      }
      if (answer.location === undefined) return { status: answer.status, page: answer.page };
      at = new URL(answer.location, at).href;
    }
    throw new Error("It goes round and round.");
  } finally {
    await agent.close();
  }
}

async function visit(agent: Agent, url: string, cookie: string) {
  const { statusCode: status, headers, body } = await request(url, { dispatcher: agent, headers: { cookie } });
  return { status, page: await body.text(), ...ways(headers) };
}

async function through(front: Front, path: string, cookie: string) {
  const { status, headers, body: page } = await front.ask(MATRIX, path, { headers: { cookie } });
  return { status, page, ...ways(headers) };
}

function ways(headers: Readonly<Record<string, string | string[] | undefined>>) {
  const { location, "set-cookie": set = [] } = headers;
  return { location: typeof location === "string" ? location : undefined, cookies: [set].flat() };
}

/** What Element does with what it got. */
export async function tokenLogin(matrix: Pick<Messaging, "ports">, at: URL | undefined) {
  const token = at?.searchParams.get("loginToken") ?? "";
  const url = `http://127.0.0.1:${matrix.ports.client}`;
  const { status, body } = await call(`${url}/_matrix/client/v3/login`, "POST", { type: "m.login.token", token });
  const access = String(body["access_token"]);
  return {
    status,
    id: String(body["user_id"]),
    call: (method: string, path: string, body?: object) => call(`${url}${path}`, method, body, access),
  };
}
