import { spawn } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { run } from "../../bed/run.ts";
import { commandLine, nft, type Program } from "./programs.ts";

/** Where clients reach the practice: its pod has this address alone, so that answers come from there. */
export const PRACTICE = { IPv4: "203.0.113.7", IPv6: "2001:db8::7" } as const;
/** Where the patient's device is. */
export const PATIENT = { IPv4: "10.98.1.2", IPv6: "2001:db8:1::2" } as const;

/** Needs no rights on the machine but to make user namespaces. Ends when nobody holds its input any more. */
const SETUP = `setpriv --pdeathsig KILL unshare --net sleep infinity &
practice=$!
until [ "$(readlink /proc/$practice/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
ip link set lo up
ip link add patient type veth peer name practice netns $practice
ip address add ${PATIENT.IPv4}/24 dev patient
ip address add ${PATIENT.IPv6}/64 dev patient nodad
ip link set patient up
nsenter --net --target $practice sh -ec 'ip link set lo up
  ip address add ${PRACTICE.IPv4}/24 dev practice
  ip address add ${PRACTICE.IPv6}/64 dev practice nodad
  ip link set practice up
  ip route add 10.98.1.0/24 dev practice
  ip route add 198.51.100.0/24 via ${PATIENT.IPv4}
  ip route add 2001:db8:1::/64 dev practice'
ip route add default via ${PRACTICE.IPv4} dev patient onlink
ip route add default via ${PRACTICE.IPv6} dev patient onlink
echo $$ $practice
read -r end`;

/** A network of a patient's and one of the practice, with a cable between them and no way out. */
export interface Networks {
  /** The command line that runs a program in one of them. */
  readonly inside: (where: "patient" | "practice", command: readonly string[]) => string[];
  /** The same as a file that can be started. */
  readonly script: (where: "patient" | "practice", program: Program) => Promise<string>;
  /** Loads rules of nftables. */
  readonly rules: (where: "patient" | "practice", text: string) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** @throws Error with a sentence for people where no network namespace can be made. */
export async function startNetworks(): Promise<Networks> {
  const command = ["--user", "--map-root-user", "--net", "--fork", "--kill-child", "sh", "-ec", SETUP];
  const child = spawn("unshare", command, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const told = await Promise.race([
    new Promise<string>((resolve) => createInterface(child.stdout).once("line", resolve)),
    ended,
  ]);
  if (typeof told !== "string") {
    throw new Error("No network of its own could be made. The tests need iproute2, util-linux and user namespaces.");
  }
  const [patient = "", practice = ""] = told.split(" ");
  const pids = { patient, practice };
  const folder = await mkdtemp(join(tmpdir(), "networks-"));
  const enter = ["nsenter", "--user", "--net", "--preserve-credentials", "--target"];
  const inside: Networks["inside"] = (where, command) => [...enter, pids[where], ...command];
  return {
    inside,
    script: async (where, program) => {
      const file = join(folder, `${where}.sh`);
      const [command, args] = commandLine(program, []);
      await writeFile(file, `#!/bin/sh\nexec ${inside(where, [command, ...args]).join(" ")} "$@"\n`);
      await chmod(file, 0o755);
      return file;
    },
    rules: async (where, text) => {
      const file = join(folder, "rules");
      await writeFile(file, `${text}\n`);
      const [command, args] = commandLine(await nft(), ["-f", file]);
      const [enter = "", ...rest] = inside(where, [command, ...args]);
      await run(enter, rest);
    },
    stop: async () => {
      child.stdin.end("end\n");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
