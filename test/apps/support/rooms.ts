import { randomBytes } from "node:crypto";
import type { Params } from "../../../src/components/component.ts";
import { type Account, type call, startMessaging } from "./messaging.ts";

/** A homeserver with two of staff and two patients who do not know each other. */
export type People = Awaited<ReturnType<typeof startPeople>>;

export async function startPeople(params: Params, options?: Parameters<typeof startMessaging>[1]) {
  const matrix = await startMessaging(params, options);
  const people = {
    therapist: await matrix.register("ada", "therapist"),
    colleague: await matrix.register("ben", "therapist"),
    patient: await matrix.register("cleo"),
    stranger: await matrix.register("dora"),
  };
  return { ...matrix, ...people };
}

const CLIENT = "/_matrix/client/v3";

/** @throws Error when no room was made: what follows would be refused for that reason. */
export function roomOf({ status, body }: Awaited<ReturnType<typeof call>>): string {
  if (status !== 200) throw new Error(`No room was made: ${status} ${JSON.stringify(body)}`);
  return encodeURIComponent(String(body["room_id"]));
}

/** A room of somebody's, with everybody else who is named in it. Its id is ready to stand in a path. */
export async function newRoom(by: Account, ...members: readonly Account[]): Promise<string> {
  const room = roomOf(await by.call("POST", `${CLIENT}/createRoom`, { invite: members.map(({ id }) => id) }));
  for (const member of members) await member.call("POST", `${CLIENT}/join/${room}`, {});
  return room;
}

let transaction = 0;
export const send = (who: Account, room: string, type: string, content: object) =>
  who.call("PUT", `${CLIENT}/rooms/${room}/send/${type}/${(transaction += 1)}`, content);
export const set = (who: Account, room: string, type: string, content: object, key = "") =>
  who.call("PUT", `${CLIENT}/rooms/${room}/state/${type}/${encodeURIComponent(key)}`, content);
export const redact = (who: Account, room: string, event: string, content: object) =>
  who.call("PUT", `${CLIENT}/rooms/${room}/redact/${encodeURIComponent(event)}/${(transaction += 1)}`, content);

const unpadded = (bytes: Buffer) => bytes.toString("base64").replace(/=+$/, "");

/** Random bytes in the frame of a Megolm message, which is all that a server can know of one. */
export function megolm(blocks = 4): string {
  const body = randomBytes(16 * blocks);
  const length = body.length < 128 ? [body.length] : [(body.length & 127) | 128, body.length >> 7];
  return unpadded(Buffer.concat([Buffer.from([3, 8, 0, 0x12, ...length]), body, randomBytes(72)]));
}

/** The content of an encrypted message, with changes. */
export const ciphertext = (more: object = {}) => ({
  algorithm: "m.megolm.v1.aes-sha2",
  ciphertext: megolm(),
  device_id: "JLAFKJWSCS",
  sender_key: unpadded(randomBytes(32)),
  session_id: unpadded(randomBytes(32)),
  ...more,
});

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** The name that Element gives to the call of a room: base32 of its id, without padding. */
export function conferenceOf(roomId: string): string {
  const bits = [...Buffer.from(roomId)].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return (bits.match(/.{1,5}/g) ?? []).map((five) => BASE32[Number.parseInt(five.padEnd(5, "0"), 2)]).join("");
}

/** Where the widget of a call leads; each client fills in the variables for itself. */
const CALL_FRAGMENT =
  "conferenceDomain=$domain&conferenceId=$conferenceId&isAudioOnly=$isAudioOnly" +
  "&startWithAudioMuted=$startWithAudioMuted&startWithVideoMuted=$startWithVideoMuted" +
  "&isVideoChannel=$isVideoChannel&displayName=$matrix_display_name&avatarUrl=$matrix_avatar_url" +
  "&userId=$matrix_user_id&roomId=$matrix_room_id&theme=$theme&roomName=$roomName&supportsScreensharing=true" +
  "&language=$org.matrix.msc2873.client_language&auth=openidtoken-jwt";

/** The event type and key of a call's widget, as Element writes them. */
export const WIDGET = "im.vector.modular.widgets";
export const WIDGET_KEY = "Xy4bQe0RkT7mVn2sLw9cHd1f";

/**
 * The call of a room (an id as it stands in a path) as Element of August 2026 writes it: the content that
 * `addJitsiWidget` and `setRoomWidget` of its `apps/web/src/utils/WidgetUtils.ts` make.
 */
export function ownCall(room: string) {
  const conferenceId = conferenceOf(decodeURIComponent(room));
  return {
    type: "jitsi",
    url: `https://chat.greenriver.example/jitsi.html?confId=${conferenceId}#${CALL_FRAGMENT}`,
    name: "Jitsi",
    data: {
      conferenceId,
      roomName: "Tuesday",
      isAudioOnly: false,
      isVideoChannel: false,
      domain: "meet.greenriver.example",
      auth: "openidtoken-jwt",
    },
  };
}
