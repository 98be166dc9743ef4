import { startClient } from "../../apps/support/matrix-client.ts";
import { telehealth } from "../../support/cli.ts";
import { node } from "./node.ts";
import type { Passage } from "./passage.ts";
import type { RunningPractice } from "./practice.ts";

export interface Person {
  /** `@anna:matrix.greenriver.example` */
  readonly id: string;
  readonly password: string;
}

/** Makes an account by the command, as the practice does. Patients get a name that says nothing. */
export async function addPerson(
  { namespace }: RunningPractice,
  role: "therapist" | "patient",
  ...user: string[]
): Promise<Person> {
  const args = ["user", "add", ...user, "--role", role, "--practice", "greenriver", "-n", namespace];
  const { stdout, stderr } = await telehealth(node.kubeconfig, args);
  const [, id] = /^user +(\S+)$/m.exec(stdout) ?? [];
  const [, password] = /^password +(\S+)$/m.exec(stdout) ?? [];
  if (id === undefined || password === undefined) throw new Error(stderr);
  return { id, password };
}

/** Signs somebody in with a stock client that encrypts, on a device of its own. */
export async function signIn({ fetch: fetchFn }: Passage, { hosts }: RunningPractice, { id, password }: Person) {
  const baseUrl = `https://${hosts.matrix}`;
  const login = { type: "m.login.password", identifier: { type: "m.id.user", user: id }, password };
  const answer = await fetchFn(`${baseUrl}/_matrix/client/v3/login`, { method: "POST", body: JSON.stringify(login) });
  const made = (await answer.json()) as { access_token: string; user_id: string; device_id: string };
  const account = { id: made.user_id, token: made.access_token, deviceId: made.device_id };
  return startClient({ baseUrl, fetchFn }, account);
}
