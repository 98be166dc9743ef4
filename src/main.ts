#!/usr/bin/env node
import { BadInput } from "./cli/bad-input.ts";
import { InvalidConfig } from "./config.ts";
import { USAGE } from "./cli/usage.ts";

/** A command: takes its arguments, ends with an exit code. Loaded when asked for, so that each carries only its own. */
type Command = (argv: readonly string[]) => Promise<number>;

const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  operator: async () => (await import("./cli/operator.ts")).operator,
  render: async () => (await import("./cli/render.ts")).renderCommand,
  plan: async () => (await import("./cli/plan.ts")).plan,
  status: async () => (await import("./cli/status.ts")).status,
  purge: async () => (await import("./cli/purge.ts")).purge,
  release: async () => (await import("./cli/release.ts")).release,
  user: async () => (await import("./cli/user.ts")).user,
  backup: async () => (await import("./cli/backup.ts")).backup,
  restore: async () => (await import("./cli/restore.ts")).restore,
  copy: async () => (await import("./cli/copy.ts")).copy,
  entry: async () => (await import("./cli/entry.ts")).entry,
  audit: async () => (await import("./cli/audit.ts")).audit,
  probe: async () => (await import("./cli/probe.ts")).probe,
  stun: async () => (await import("./cli/stun.ts")).stun,
};

/** Exit codes: 0 done, 1 failed, 2 bad input. Output goes to stdout, messages to stderr. */
async function main([name = "help", ...argv]: readonly string[]): Promise<number> {
  const load = COMMANDS[name];
  if (!load) {
    const asked = name === "help" || name === "--help" || name === "-h";
    if (asked) process.stdout.write(USAGE);
    else process.stderr.write(`There is no command "${name}".\n\n${USAGE}`);
    return asked ? 0 : 2;
  }
  try {
    return await (
      await load()
    )(argv);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof BadInput || error instanceof InvalidConfig ? 2 : 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
