import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Frame } from "playwright-core";
import { waitFor } from "../../bed/wait.ts";
import { someParams } from "../../support/practice.ts";
import { IN_THE_ROOM } from "../support/calls.ts";
import { call } from "../support/chat.ts";
import { settled } from "../support/guarded.ts";
import { type House, startHouse } from "../support/house.ts";
import type { Account } from "../support/messaging.ts";
import { newRoom } from "../support/rooms.ts";

// Every program is real: Synapse's OpenID tokens go through the guard, nginx and the entry page, and back as tokens
// that Prosody takes. Only Element's page and the video app are stubs.

let house: House;
beforeAll(async () => (house = await startHouse(someParams())));
afterEach(() => house.closePages());
afterAll(() => house?.stop());

/** Opens the call of a room in the browser of somebody who is signed in to the chat. */
async function calling(who: Account, roomId: string): Promise<Frame> {
  const path = `/_matrix/client/v3/user/${encodeURIComponent(who.id)}/openid/request_token`;
  const { body } = await who.call("POST", path, {});
  return (await call(house, { roomId, openid: String(body["access_token"]) })).frame;
}

/** Where the frame ends, when the app has started there. */
async function entered(frame: Frame): Promise<{ readonly to: string; readonly room: string; readonly claims: object }> {
  const path = /^https:\/\/[^/]+\/([a-z2-7]{26})#jwt=%22([^.]+\.([^.]+)\.[^%]+)%22&jitsi_meet_external_api_id=0$/;
  const [, room = "", token, claims = ""] = await waitFor(() => path.exec(frame.url()), { what: "the room" });
  await settled(frame);
  expect(await frame.evaluate("Boolean(window.APP)")).toBe(true);
  return {
    to: `https://${house.hosts.meet}/${room}#jwt=%22${token}%22`,
    room,
    claims: JSON.parse(Buffer.from(claims, "base64url").toString()) as object,
  };
}

const says = (frame: Frame, words: string) =>
  waitFor(async () => (await frame.evaluate<string>("document.body?.innerText ?? ''")).includes(words), {
    what: `“${words}”`,
  });
const conversation = async (...members: readonly Account[]) =>
  decodeURIComponent(await newRoom(house.people.therapist, ...members));
const role = (moderator: boolean) => ({ context: { user: { moderator } } });

describe("a call from a conversation of the chat", () => {
  it("brings therapist and patient into the same opaque room, each with their own role", async () => {
    const { therapist, patient } = house.people;
    const id = await conversation(patient);
    const staff = await entered(await calling(therapist, id));
    const guest = await entered(await calling(patient, id));
    expect(guest.room).toBe(staff.room);
    expect([staff.claims, guest.claims]).toMatchObject([role(true), role(false)]);

    const patientClient = await house.knock(guest.to);
    const staffClient = await house.knock(staff.to);
    await staffClient.expect(IN_THE_ROOM);
    await patientClient.expect(IN_THE_ROOM);
    await patientClient.expect(/role=['"]moderator['"]/);
    await staffClient.expect(/role=['"]participant['"]/);
  });

  it("has a room of its own for every conversation", async () => {
    const { therapist, patient } = house.people;
    const [one, other] = [await conversation(patient), await conversation(patient)];
    const rooms = [await entered(await calling(therapist, one)), await entered(await calling(therapist, other))];
    expect(rooms[0]?.room).not.toBe(rooms[1]?.room);
  });

  it("tells a patient who is early so, and lets them in when staff has opened it", async () => {
    const { therapist, patient } = house.people;
    const id = await conversation(patient);
    const frame = await calling(patient, id);
    await says(frame, "Die Praxis hat dieses Gespräch noch nicht geöffnet.");
    const staff = await entered(await calling(therapist, id));
    await frame.evaluate("document.querySelector('button').click()");
    expect(await entered(frame)).toMatchObject({ room: staff.room, claims: role(false) });
  });

  it("tells a patient who is not in the conversation so, whether it is open or not", async () => {
    const { therapist, patient, stranger } = house.people;
    const id = await conversation(patient);
    const words = "Sie sind nicht in dem Raum, zu dem dieses Gespräch gehört.";
    await says(await calling(stranger, id), words);
    await entered(await calling(therapist, id));
    const frame = await calling(stranger, id);
    await says(frame, words);
    expect(await frame.evaluate("[document.querySelectorAll('button').length, typeof window.APP]")).toEqual([
      0,
      "undefined",
    ]);
  });

  it("takes no token that Synapse did not give", async () => {
    const id = await conversation(house.people.patient);
    const { frame } = await call(house, { roomId: id, openid: "syo_NeverGivenByAnybody" });
    await says(frame, "Ihre Anmeldung ließ sich nicht bestätigen.");
    expect(await frame.evaluate("typeof window.APP")).toBe("undefined");
  });
});
