import type { EntryOptions } from "../../../src/entry/options.ts";
import type { EntrySeams } from "../../../src/entry/server.ts";
import type { Params } from "../../../src/components/component.ts";
import { type Calls, nickOf, startCalls } from "./calls.ts";
import { type asks, cookiesOf, fieldOf, startEntry } from "./entry.ts";
import { type Account, startMessaging } from "./messaging.ts";
import { encryption, presence } from "./xmpp.ts";

/** A practice whose entry page, homeserver, database and Prosody are real, with a member of staff and a patient. */
export type Desk = Awaited<ReturnType<typeof startDesk>>;

/** What staff has of a link. */
export interface MadeLink {
  readonly link: string;
  readonly staffLink: string;
}

export async function startDesk(
  params: Params,
  {
    seams = {},
    changes = {},
    edit,
  }: {
    readonly seams?: EntrySeams;
    readonly changes?: Partial<EntryOptions>;
    readonly edit?: Parameters<typeof startMessaging>[1];
  } = {},
) {
  const [calls, matrix] = await Promise.all([startCalls(params), startMessaging(params, edit)]);
  const entry = await startEntry(params, { database: matrix.database, signalling: calls, matrix }, seams, changes);
  const therapist = await matrix.register("ada", "therapist");
  const patient = await matrix.register("cleo");
  return {
    ...deskOn(entry, calls),
    calls,
    matrix,
    therapist,
    patient,
    stop: async () => {
      await entry.stop();
      await Promise.all([calls.stop(), matrix.stop()]);
    },
  };
}

/** What people do at an entry page, and then in the rooms of `calls`. */
export function deskOn<Page extends Pick<ReturnType<typeof asks>, "post">>(
  entry: Page,
  calls?: Pick<Calls, "withToken" | "open"> & { readonly xmpp: { readonly muc: string } },
) {
  const signIn = ({ id, password }: Pick<Account, "id" | "password">) =>
    entry.post("/staff/sign-in", { user: id, password });
  const signedIn = async (account: Pick<Account, "id" | "password">) => {
    const answer = await signIn(account);
    if (answer.status !== 303) throw new Error(`The sign-in was answered ${answer.status}.`);
    return { cookie: cookiesOf(answer) };
  };
  /** Makes a link whose slot begins in a minute. */
  const make = async (
    staff: { readonly cookie: string },
    order: Readonly<Record<string, string>> = {},
  ): Promise<MadeLink & { readonly page: string }> => {
    const at = new Date(Date.now() + 60_000).toISOString();
    const usual = { date: at.slice(0, 10), time: at.slice(11, 16), minutes: "50", people: "1", locale: "de" };
    const answer = await entry.post("/staff/links", { ...usual, ...order }, staff);
    const page = await answer.text();
    const link = /\/join(?:\?lang=\w+)?#([A-Za-z0-9_-]{60})/.exec(page)?.[1];
    if (answer.status !== 201 || !link) throw new Error(`No link was made: ${answer.status}`);
    return { link, staffLink: fieldOf(page, "data-keep"), page };
  };
  /** A patient's device up to the last step: its cookies and the receipt. */
  const ready = async (link: string, cookie = "") => {
    const open = await (await entry.post("/join", { link }, { cookie })).text();
    const answer = await entry.post("/consent", { link, consent: fieldOf(open, "consent"), agree: "yes" }, { cookie });
    const page = await answer.text();
    if (answer.status !== 200) throw new Error(`The consent was answered ${answer.status}.`);
    return { cookie: cookiesOf(answer) || cookie, receipt: fieldOf(page, "receipt"), page };
  };
  /** A patient's device all the way: the answer of the last step and the device's cookie. */
  const enter = async (
    link: string,
    before?: { readonly cookie: string; readonly receipt: string; readonly word?: string },
  ) => {
    const { cookie, receipt, word }: NonNullable<typeof before> = before ?? (await ready(link));
    const answer = await entry.post("/enter", { link, receipt, ...(word !== undefined && { word }) }, { cookie });
    return { status: answer.status, to: answer.headers.get("location") ?? "", cookie, receipt, answer };
  };
  const enterAsStaff = async (link: string, staff: { readonly cookie: string }) => {
    const answer = await entry.post("/staff/enter", { link }, staff);
    return { status: answer.status, to: answer.headers.get("location") ?? "" };
  };
  /** Asks to be let into the room of an address, as the stock client does. */
  const knock = async (address: string) => {
    if (!calls) throw new Error("There is no Prosody.");
    const [, name = "", token] = /^https:\/\/meet[^/]+\/([a-z2-7]{26})#jwt=%22(.*)%22$/.exec(address) ?? [];
    const client = await calls.withToken(token);
    const room = { name, jid: `${name}@${calls.xmpp.muc}` };
    await calls.open(room);
    client.send(presence(`${room.jid}/${nickOf(client)}`, encryption(), { join: true }));
    return { ...client, room };
  };
  return { entry, signIn, signedIn, make, ready, enter, enterAsStaff, knock };
}
