import { generateKeyPairSync } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CONTROL_TYPE, signControl } from "../../../src/entry/control.ts";
import { someParams } from "../../support/practice.ts";
import { type Calls, startCalls } from "../support/calls.ts";
import { seconds } from "../support/signalling.ts";

const params = someParams();
let calls: Calls;
beforeAll(async () => (calls = await startCalls(params)));
afterAll(() => calls?.stop());

const status = async (body: string | Promise<string>, port?: number) => (await calls.post(await body, port)).status;
const someAct = () => ({ act: "waiting", room: calls.room().name }) as const;

describe("the internal interface", () => {
  it("answers a signed request once, and says since when Prosody remembers", async () => {
    const request = await calls.request(someAct());
    const answer = await calls.post(request);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ waiting: [], started: expect.any(Number) as number });
    expect(await status(request)).toBe(401);
  });

  it("is not on the port that the front reaches", async () => {
    expect(await status(calls.request(someAct()), calls.ports.http)).toBe(404);
    expect((await fetch(`http://127.0.0.1:${calls.ports.http}/practice/busy`)).status).toBe(404);
  });

  const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const bad: Readonly<Record<string, () => string | Promise<string>>> = {
    nothing: () => "",
    "an unsigned request": () => JSON.stringify(someAct()),
    "an old request": () => calls.request(someAct(), seconds() - 60),
    "a request of the future": () => calls.request(someAct(), seconds() + 60),
    "somebody else's key": () =>
      signControl({ kid: "1", privateKey: other }, params.practice.hosts, someAct(), seconds()),
    "another practice's request": () => {
      const parties = { entry: params.practice.hosts.entry, meet: "meet.other.example" };
      return signControl({ kid: "1", privateKey: other }, parties, someAct(), seconds());
    },
    "a room token": () => calls.token(calls.room().name, { ...someAct(), aud: `control.${calls.xmpp.domain}` }),
    "a request that is good for an hour": () =>
      calls.token(
        "",
        { ...someAct(), aud: `control.${calls.xmpp.domain}`, iat: seconds(), exp: seconds() + 3600, jti: "x" },
        undefined,
        {
          typ: CONTROL_TYPE,
        },
      ),
  };
  for (const [name, body] of Object.entries(bad)) {
    it(`refuses ${name}`, async () => expect(await status(body())).toBe(401));
  }

  it("refuses what it does not understand, without telling what", async () => {
    const nonsense = [{ act: "waiting", room: "*" }, { act: "revoke", sub: "x" }, { act: "reboot" }];
    for (const act of nonsense) {
      const answer = await calls.post(await calls.request(act as never));
      expect(answer.status).toBe(400);
      expect(await answer.text()).not.toMatch(/room|revoke|reboot/);
    }
  });
});

describe("whether anybody is in a call", () => {
  it("is one yes or no", async () => {
    await expect.poll(() => calls.isBusy(), { timeout: 8_000 }).toBe(false);
    const room = await calls.open(calls.room());
    expect(await calls.isBusy()).toBe(false);
    const patient = await calls.knock(room);
    await expect.poll(() => calls.isBusy()).toBe(true);
    patient.close();
    await expect.poll(() => calls.isBusy()).toBe(false);
    const { staff } = await calls.staffed();
    expect(await calls.isBusy()).toBe(true);
    staff.close();
    await expect.poll(() => calls.isBusy()).toBe(false);
  });
});
