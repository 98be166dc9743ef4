import { call, type Account } from "../apps/support/messaging.ts";
import { set } from "../apps/support/rooms.ts";
import { type Front, startFront } from "../apps/support/front.ts";
import { waitFor } from "../bed/wait.ts";
import { someParams } from "../support/practice.ts";
import { type Attack, group, type Outcome } from "./attack.ts";
import { asks, MESSAGING_PARTS, messagingStage, outcomeOf, type Practice, withSettings } from "./messaging.ts";
import { withChange } from "./stage.ts";

const CLIENT = "/_matrix/client/v3";

/** What Synapse tells or takes when nobody says otherwise. */
const CLOSED = [
  "require_auth_for_profile_requests",
  "limit_profile_requests_to_users_who_share_rooms",
  "experimental_features",
  "presence",
  "enable_search",
  "enable_room_list_search",
  "stats",
  "alias_creation_rules",
  "room_list_publication_rules",
  "enable_set_displayname",
  "allow_per_room_profiles",
  // Refuses aliases and publishing once more.
  "modules",
];

const open = withSettings((settings) => {
  for (const key of CLOSED) delete settings[key];
  for (const { resources = [] } of settings["listeners"] as { resources?: { names: string[] }[] }[]) {
    for (const { names } of resources) if (names.includes("client")) names.push("federation", "keys");
  }
  // Published rooms that nobody lists are no leak; Synapse's own default is to list none.
  settings["room_list_publication_rules"] = [{ action: "allow" }];
});

const unbelieving = (file: string, text: string) =>
  [
    withChange("practice_policy.py", "user and not (user.locked or user.suspended or user.is_deactivated)", "user"),
    withChange("practice_policy.py", `!= "join"`, `== "never"`),
    withChange("practice_policy.py", `if member not in found or found`, `if member in found and found`),
  ].reduce((edited, edit) => edit(file, edited) ?? "", open(file, text) ?? "");

const encoded = ({ id }: Account) => encodeURIComponent(id);

/** What the practice's own programs are told by whoever shows this person's token. */
async function who({ ports }: Practice, token: string, room = "") {
  return call(`http://127.0.0.1:${ports.openid}/practice/who?room=${room}`, "GET", undefined, token);
}

async function openIdToken(account: Account): Promise<string> {
  const { body } = await account.call("POST", `${CLIENT}/user/${encoded(account)}/openid/request_token`, {});
  return String(body["access_token"]);
}

const isTrue = (value: boolean): Outcome => (value ? "succeeded" : "failed");

export const closedAttacks = group<Practice>({
  defence: "homeserver.yaml: what is off, and who is told what; PracticeAnswers: whose token, which room",
  parts: MESSAGING_PARTS,
  start: messagingStage(unbelieving),
  attacks: [
    asks(5, "profile-of-another", "A patient reads another patient's name.", ({ patient, stranger }) =>
      patient.call("GET", `${CLIENT}/profile/${encoded(stranger)}`),
    ),
    asks(5, "profile-without-login", "Somebody without an account reads a name.", ({ ports, patient }) =>
      call(`http://127.0.0.1:${ports.client}${CLIENT}/profile/${encoded(patient)}`),
    ),
    {
      id: "keys-of-another",
      promise: 5,
      does: "A patient asks for another patient's devices.",
      run: async ({ patient, stranger }) => {
        const device = { user_id: stranger.id, device_id: stranger.deviceId, algorithms: [], keys: {}, signatures: {} };
        await stranger.call("POST", `${CLIENT}/keys/upload`, { device_keys: device });
        const { body } = await patient.call("POST", `${CLIENT}/keys/query`, { device_keys: { [stranger.id]: [] } });
        return isTrue(JSON.stringify(body).includes(stranger.deviceId));
      },
    },
    {
      id: "presence-of-another",
      promise: 4,
      does: "A patient sees when the therapist is online.",
      run: async ({ therapist, patient }) => {
        const path = `${CLIENT}/presence/${encoded(therapist)}/status`;
        await therapist.call("PUT", path, { presence: "online", status_msg: "in a session" });
        const { body } = await patient.call("GET", path);
        return isTrue(body["presence"] === "online");
      },
    },
    asks(5, "search-of-messages", "Somebody searches messages on the server.", ({ patient }) =>
      patient.call("POST", `${CLIENT}/search`, { search_categories: { room_events: { search_term: "a" } } }),
    ),
    {
      id: "room-list",
      promise: 5,
      does: "A published room shows up in everybody's list.",
      run: async ({ therapist, patient }) => {
        const made = await therapist.call("POST", `${CLIENT}/createRoom`, { visibility: "public", name: "Tuesday" });
        if (made.status !== 200) return "failed";
        const listed = async () => {
          const { body } = await patient.call("GET", `${CLIENT}/publicRooms`);
          return (body["chunk"] as unknown[]).length > 0;
        };
        // The list is made a moment later, where there is one; on a busy machine later still.
        return isTrue(await waitFor(listed, { what: "the list" }).catch(() => false));
      },
    },
    asks(5, "alias", "A room gets an address that can be guessed.", ({ therapist, room }) =>
      therapist.call("PUT", `${CLIENT}/directory/room/${encodeURIComponent("#a:matrix.greenriver.example")}`, {
        room_id: decodeURIComponent(room),
      }),
    ),
    asks(5, "own-name", "A patient gives themselves a name in clear.", ({ patient }) =>
      patient.call("PUT", `${CLIENT}/profile/${encoded(patient)}/displayname`, { displayname: "in clear" }),
    ),
    {
      id: "name-in-one-room",
      promise: 1,
      does: "A patient writes text into the name that they have in a room.",
      run: async ({ patient, room }) => {
        await set(patient, room, "m.room.member", { membership: "join", displayname: "in clear" }, patient.id);
        const path = `${CLIENT}/rooms/${room}/state/m.room.member/${encoded(patient)}`;
        return isTrue((await patient.call("GET", path)).body["displayname"] === "in clear");
      },
    },
    asks(3, "federation", "Another server asks for this one's version.", ({ ports }) =>
      call(`http://127.0.0.1:${ports.client}/_matrix/federation/v1/version`),
    ),
    asks(3, "server-keys", "Another server asks for this one's keys.", ({ ports }) =>
      call(`http://127.0.0.1:${ports.client}/_matrix/key/v2/server`),
    ),
    {
      id: "answers-about-another-room",
      promise: 5,
      does: "Somebody is taken for a member of a room that they are not in.",
      run: async (practice) => {
        const { body } = await who(practice, await openIdToken(practice.patient), practice.strangersRoom);
        return isTrue(body["member"] === true);
      },
    },
    {
      id: "answers-about-a-locked-account",
      promise: 6,
      does: "Somebody who was shut out an hour ago is still known.",
      run: async (practice) => {
        const gone = await practice.register("gone");
        const admin = await practice.register("root", undefined, true);
        const token = await openIdToken(gone);
        const locked = await admin.call("PUT", `/_synapse/admin/v2/users/${encoded(gone)}`, { locked: true });
        if (locked.status !== 200) throw new Error(`The account was not locked: ${locked.status}`);
        return outcomeOf(await who(practice, token));
      },
    },
  ],
});

type BehindFront = Practice & { readonly ask: Front["ask"] };

/** Asks through the front, as the world does. */
const through = (
  promise: Attack<BehindFront>["promise"],
  id: string,
  does: string,
  method: string,
  path: (practice: BehindFront) => string,
  body?: object,
): Attack<BehindFront> => ({
  id,
  promise,
  does,
  run: async (practice) => {
    const { status, body: text } = await practice.ask("matrix.greenriver.example", path(practice), {
      method,
      headers: { authorization: `Bearer ${practice.patient.token}` },
      ...(body && { body: JSON.stringify(body) }),
    });
    return outcomeOf({ status, body: { text } });
  },
});

const everything = (text: string) =>
  text
    .replace("location ~ ^/_matrix/client/.+/report(/|$) { return 404; }", "")
    .replaceAll("limit_except GET OPTIONS { deny all; }", "")
    .replaceAll("location /_matrix/client/ {", "location ~ ^/(_matrix|_synapse|health) {");

export const frontAttacks = group<BehindFront>({
  defence: "nginx.conf of the front: which paths lead to Synapse",
  parts: ["nginx", ...MESSAGING_PARTS],
  start: async (defended) => {
    const practice = await messagingStage((_, text) => text)(true);
    const front = await startFront(
      someParams(),
      { pages: {}, element: {} },
      {
        synapsePort: practice.ports.client,
        ...(!defended && { edit: (_, text) => everything(text) }),
      },
    );
    const stop = async () => {
      await front.stop();
      await practice.stop();
    };
    return { ...practice, ask: front.ask, stop };
  },
  attacks: [
    through(
      3,
      "admin-api",
      "Somebody asks Synapse's admin API to make an account.",
      "GET",
      () => "/_synapse/admin/v1/register",
    ),
    through(3, "health-from-outside", "Somebody asks how Synapse is.", "GET", () => "/health"),
    through(
      1,
      "report-of-a-room",
      "A report keeps text in clear.",
      "POST",
      ({ room }) => `${CLIENT}/rooms/${room}/report`,
      {
        reason: "in clear",
      },
    ),
    through(
      1,
      "report-of-a-person",
      "A report about a person keeps text in clear.",
      "POST",
      ({ therapist }) => `${CLIENT}/users/${encoded(therapist)}/report`,
      { reason: "in clear" },
    ),
    through(
      4,
      "own-picture",
      "A patient shows a picture.",
      "PUT",
      ({ patient }) => `${CLIENT}/profile/${encoded(patient)}/avatar_url`,
      { avatar_url: "mxc://a/b" },
    ),
    through(
      1,
      "text-in-a-profile",
      "A patient writes text into a field of their profile.",
      "PUT",
      ({ patient }) => `${CLIENT}/profile/${encoded(patient)}/org.example.note`,
      { "org.example.note": "in clear" },
    ),
  ],
});
