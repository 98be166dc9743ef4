import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { homeserverYaml } from "../../../src/components/matrix/homeserver.ts";
import { staffedBy } from "../../support/staffed.ts";
import { type Front, startFront } from "../support/front.ts";
import { unreadKeys } from "../support/keys.ts";
import { type StaffProvider, startProvider } from "../support/provider.ts";
import { roomOf } from "../support/rooms.ts";
import { ELEMENT, signInThrough, tokenLogin } from "../support/sso.ts";
import { type Homeserver, printed, signIn, startHomeserver } from "../support/user-command.ts";

const CLIENT = "/_matrix/client/v3";

let provider: StaffProvider;
let matrix: Homeserver;
let front: Front;

beforeAll(async () => {
  provider = await startProvider({ "sub-1": { name: "Dr. Ada", groups: ["office", "therapists"] } });
  const params = staffedBy(provider);
  matrix = await startHomeserver(params, { provider });
  front = await startFront(params, { pages: {}, element: {} }, { synapsePort: matrix.ports.client });
});
afterAll(async () => {
  await front?.stop();
  await matrix?.stop();
  await provider?.stop();
});

const comes = async (sub: string) => {
  provider.signIn(sub);
  const { at } = await signInThrough(provider, front);
  return tokenLogin(matrix, at);
};

describe("staff from a provider", () => {
  it("is asked for nothing that Synapse does not read", async () => {
    expect(await unreadKeys(homeserverYaml(staffedBy(provider).practice))).toBe("");
  });

  it("comes back to Element at once, with an id that tells nothing and the provider's name, and is staff", async () => {
    provider.signIn("sub-1");
    const { at } = await signInThrough(provider, front);
    expect(at?.href).toMatch(new RegExp(`^${ELEMENT}\\?loginToken=`));
    const ada = await tokenLogin(matrix, at);
    expect(ada.id).toMatch(/^@[a-z][a-z2-9]{9}:matrix\.greenriver\.example$/);
    expect((await ada.call("GET", `${CLIENT}/profile/${encodeURIComponent(ada.id)}`)).body["displayname"]).toBe(
      "Dr. Ada",
    );
    expect((await ada.call("POST", `${CLIENT}/createRoom`, {})).status).toBe(200);
    expect((await matrix.user(["list"])).stdout).toContain(`${ada.id}  therapist  active   Dr. Ada`);
    expect((await comes("sub-1")).id).toBe(ada.id);
  });

  it("is who has the claim: without it nobody gets an account", async () => {
    for (const [sub, groups] of [
      ["sub-2", ["office"]],
      ["sub-3", ["Therapists"]],
      ["sub-4", undefined],
    ] as const) {
      provider.people[sub] = { name: "Eve", ...(groups && { groups }) };
      provider.signIn(sub);
      const { at, status, page } = await signInThrough(provider, front);
      expect({ at, status }).toEqual({ at: undefined, status: 400 });
      expect(page).toContain("not among the staff of this practice");
    }
    expect((await matrix.user(["list"])).stdout).not.toContain("Eve");
  });

  it("loses everything at the next sign-in without the claim, and has it again with it", async () => {
    provider.people["sub-5"] = { name: "Ben", groups: ["therapists"] };
    const ben = await comes("sub-5");
    expect((await ben.call("GET", `${CLIENT}/account/whoami`)).status).toBe(200);
    provider.people["sub-5"] = { name: "Ben", groups: [] };
    expect((await comes("sub-5")).status).toBe(403);
    expect((await ben.call("GET", `${CLIENT}/account/whoami`)).status).toBe(401);
    expect((await matrix.user(["list"])).stdout).toMatch(new RegExp(`^${ben.id} +none +active`, "m"));
    provider.people["sub-5"] = { name: "Ben", groups: ["therapists"] };
    const again = await comes("sub-5");
    expect(again.id).toBe(ben.id);
    expect((await again.call("POST", `${CLIENT}/createRoom`, {})).status).toBe(200);
  });

  it("has no passwords, while patients have", async () => {
    const made = await matrix.user(["add", "--role", "patient"]);
    const patient = printed(made.stdout);
    const session = await signIn(matrix.ports.client, patient);
    expect(session.status).toBe(200);
    const ada = await comes("sub-1");
    const room = roomOf(await ada.call("POST", `${CLIENT}/createRoom`, { invite: [patient.id] }));
    expect((await session.call("POST", `${CLIENT}/join/${room}`, {})).status).toBe(200);
    const local = await matrix.register("zoe", "therapist");
    expect((await signIn(matrix.ports.client, local)).status).toBe(403);
    for (const args of [
      ["add", "zed", "--role", "therapist"],
      ["reset", "zoe"],
    ]) {
      const { code, stderr } = await matrix.user(args);
      expect(code).toBe(2);
      expect(stderr).toContain("provider (staff.oidc)");
    }
  });

  it("is shut out by a lock, whatever the provider says", async () => {
    provider.people["sub-6"] = { name: "Cleo", groups: ["therapists"] };
    const cleo = await comes("sub-6");
    expect((await matrix.user(["lock", cleo.id])).code).toBe(0);
    expect((await cleo.call("GET", `${CLIENT}/account/whoami`)).status).toBe(401);
    expect((await comes("sub-6")).status).not.toBe(200);
  });

  it("is sent back to Element and nowhere else", async () => {
    const { status, page } = await signInThrough(provider, front, { back: "https://elsewhere.example/" });
    expect(status).toBe(400);
    expect(page).toContain("begins in this practice's own programs");
    const { at } = await signInThrough(provider, front, { start: "/_matrix/client/r0/login/sso/redirect" });
    expect(at?.href).toMatch(new RegExp(`^${ELEMENT}`));
  });

  it("leaves no name, no id and no token in the log", async () => {
    const log = await matrix.log();
    for (const word of ["Dr. Ada", "sub-1", "sub-5", "sub-2", provider.clientSecret]) expect(log).not.toContain(word);
  });
});
