import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Params } from "../../../src/components/component.ts";
import { telehealth } from "../../support/cli.ts";
import { type Forwarding, startForwarding } from "./forwarding.ts";
import { call, startMessaging } from "./messaging.ts";

const PROOF = "telehealth-operator.io/proof";

/** A homeserver that nobody has an account on, and the way of `telehealth user` to it. */
export type Homeserver = Awaited<ReturnType<typeof startHomeserver>>;

export async function startHomeserver(params: Params, options?: Parameters<typeof startMessaging>[1]) {
  const matrix = await startMessaging(params, options);
  const api = await startForwarding({
    ports: { 8011: matrix.ports.administration },
    shows: (annotations) => matrix.writeProof(annotations[PROOF] ?? ""),
    spec: params.practice.staff.oidc ? { staff: {} } : {},
  });
  return {
    ...matrix,
    api,
    /** `telehealth user …` as a process of its own. */
    user: (args: readonly string[], input?: string) => telehealth(api.kubeconfig, line(args), input),
    stop: async () => {
      await api.stop();
      await matrix.stop();
    },
  };
}

const line = (args: readonly string[]) => ["user", ...args, "--practice", "greenriver", "-n", "greenriver"];
const MAIN = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));

/** The same as a process that the test may interrupt. */
export function startUserCommand(api: Forwarding, args: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, ...line(args)], { env: { ...process.env, KUBECONFIG: api.kubeconfig } });
  const said = { stdout: "", stderr: "" };
  child.stdout.on("data", (data) => (said.stdout += String(data)));
  child.stderr.on("data", (data) => (said.stderr += String(data)));
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  return { pid: child.pid, said, ended, interrupt: () => child.kill("SIGINT"), kill: () => child.kill("SIGKILL") };
}

/** What `add` and `reset` print. */
export function printed(stdout: string): { readonly id: string; readonly password: string } {
  const word = (name: string) => new RegExp(`^${name} +(\\S+)$`, "m").exec(stdout)?.[1] ?? "";
  return { id: word("user"), password: word("password") };
}

/** Signs in with a password, as Element does. */
export async function signIn(port: number, { id, password }: { readonly id: string; readonly password: string }) {
  const url = `http://127.0.0.1:${port}`;
  const identifier = { type: "m.id.user", user: id };
  const answer = await call(`${url}/_matrix/client/v3/login`, "POST", {
    type: "m.login.password",
    identifier,
    password,
  });
  const token = String(answer.body["access_token"]);
  return {
    status: answer.status,
    body: answer.body,
    call: (method: string, path: string, body?: object) => call(`${url}${path}`, method, body, token),
  };
}
