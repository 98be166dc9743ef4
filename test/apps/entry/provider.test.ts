import { writeFile } from "node:fs/promises";
import { Agent, fetch as fetchWith, request } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { someParams } from "../../support/practice.ts";
import { cookiesOf, type Entry, startEntry } from "../support/entry.ts";
import { type StaffProvider, startProvider } from "../support/provider.ts";

const ENTRY = "https://go.greenriver.example";
let late = 0;
/** By how many characters the provider's access tokens are longer than they are. */
let longer = 0;
let provider: StaffProvider;
let agent: Agent;
let entry: Entry;
beforeAll(async () => {
  provider = await startProvider({ ada: { groups: ["staff", "x"] }, cleo: { groups: ["patients"] }, dora: {} });
  agent = new Agent({ connect: { ca: provider.ca } });
  const secret = `/tmp/entry-client-secret-${process.pid}`;
  await writeFile(secret, `${provider.clientSecret}\n`);
  entry = await startEntry(
    someParams(),
    {},
    {
      now: () => Math.floor(Date.now() / 1000) + late,
      reachProvider: async (url, options) => {
        const headers = new Headers(options.headers);
        const shown = headers.get("authorization") ?? "";
        if (longer > 0 && shown.endsWith("x".repeat(longer))) headers.set("authorization", shown.slice(0, -longer));
        const answer: Response = await fetchWith(url, { ...options, headers, dispatcher: agent } as never);
        if (longer === 0 || !url.endsWith("/token")) return answer;
        const body = (await answer.json()) as { access_token: string };
        return Response.json({ ...body, access_token: body.access_token + "x".repeat(longer) });
      },
    },
    {
      oidc: {
        issuer: provider.issuer,
        clientId: provider.clientId,
        clientSecretFile: secret,
        claim: { name: "groups", value: "staff" },
      },
    },
  );
});
afterAll(async () => {
  await entry?.stop();
  await agent?.close();
  await provider?.stop();
});

/** The way of a browser from the entry page to the provider and back, with the cookies of both. */
async function through(changes: (back: URL) => URL = (back) => back, cookie?: string) {
  const begun = await entry.get("/staff/oidc?lang=en");
  const own = cookie ?? cookiesOf(begun);
  const jar = new Map<string, string>();
  let at = begun.headers.get("location") ?? "";
  while (!at.startsWith(ENTRY)) {
    const cookies = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const { headers, body } = await request(at, { dispatcher: agent, headers: { cookie: cookies } });
    await body.dump();
    for (const line of [headers["set-cookie"] ?? []].flat()) {
      const [name = "", value = ""] = line.split(";")[0]?.split(/=(.*)/s) ?? [];
      jar.set(name, value);
    }
    at = new URL(String(headers.location), at).href;
  }
  const back = changes(new URL(at));
  const answer = await entry.get(back.pathname + back.search, { cookie: own });
  return { answer, back };
}

const sessionOf = (answer: Response) =>
  answer.headers
    .getSetCookie()
    .find((cookie) => cookie.startsWith("__Host-staff="))
    ?.split(";")[0];

describe("sign-in with the practice's provider", () => {
  it("lets in whom the claim makes staff, in the language they began in", async () => {
    provider.signIn("ada");
    const { answer } = await through();
    expect(answer.status).toBe(303);
    expect(answer.headers.get("location")).toBe("/staff?lang=en");
    const cookie = sessionOf(answer) ?? "";
    expect(await (await entry.get("/staff", { cookie })).text()).toContain("/staff/links");
  });

  it.each(["cleo", "dora"])("lets %s not in, who has an account there and not the claim", async (person) => {
    provider.signIn(person);
    const { answer } = await through();
    expect(answer.status).toBe(401);
    expect(sessionOf(answer)).toBeUndefined();
  });

  it("takes no answer that was not asked for here, nor one twice, nor a changed one", async () => {
    provider.signIn("ada");
    const refused = async (way: ReturnType<typeof through>) => {
      const { answer, back } = await way;
      expect(answer.status).toBe(401);
      expect(sessionOf(answer)).toBeUndefined();
      return back;
    };
    // Somebody else's answer: the victim's browser asked for nothing, or for something else.
    await refused(through(undefined, ""));
    await refused(through(undefined, cookiesOf(await entry.get("/staff/oidc"))));
    await refused(
      through((back) => {
        back.searchParams.set("code", "another");
        return back;
      }),
    );
    await refused(
      through((back) => {
        back.search = "?error=access_denied&state=x";
        return back;
      }),
    );
  });

  it("knows no passwords then", async () => {
    const page = await (await entry.get("/staff")).text();
    expect(page).not.toContain('name="password"');
    expect((await entry.post("/staff/sign-in", { user: "ada", password: "x" })).status).toBe(401);
  });

  it("ends within a minute with the account at the provider", async () => {
    provider.signIn("ada");
    const cookie = sessionOf((await through()).answer) ?? "";
    const isIn = async () => (await (await entry.get("/staff", { cookie })).text()).includes("/staff/links");
    expect(await isIn()).toBe(true);
    const ada = provider.people["ada"] ?? {};
    try {
      late = 31;
      provider.people["ada"] = { groups: ["former"] };
      expect(await isIn()).toBe(false);
      late = 62;
      provider.people["ada"] = ada;
      expect(await isIn()).toBe(true);
      late = 93;
      delete provider.people["ada"];
      expect(await isIn()).toBe(false);
    } finally {
      late = 0;
      provider.people["ada"] = ada;
    }
  });

  it("is short where nobody can be asked later: a claim in the ID token alone, or a token too long for a cookie", async () => {
    const lasts = async () => {
      provider.signIn("ada");
      const { answer } = await through();
      const cookie = answer.headers.getSetCookie().find((one) => one.startsWith("__Host-staff="));
      return Number(/Max-Age=(\d+)/.exec(cookie ?? "")?.[1]);
    };
    const ada = provider.people["ada"] ?? {};
    expect(await lasts()).toBeGreaterThan(3000);
    try {
      provider.people["ada"] = { ...ada, quiet: true };
      expect(await lasts()).toBeLessThanOrEqual(600);
      provider.people["ada"] = ada;
      longer = 2000;
      expect(await lasts()).toBeLessThanOrEqual(600);
    } finally {
      longer = 0;
      provider.people["ada"] = ada;
    }
  });
});
