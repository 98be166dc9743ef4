import { spawn } from "node:child_process";

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** Runs a program to its end and returns its standard output. A failure is thrown with the end of its standard error. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: options.cwd, env: { ...process.env, ...options.env } });
    let output = "";
    let errors = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (errors = (errors + text).slice(-4_000)));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) return resolve(output);
      const line = [command.split("/").at(-1), ...args].join(" ");
      reject(new Error(`\`${line}\` ended with ${code ?? signal}: ${errors.trim()}`));
    });
    child.stdin.on("error", () => undefined); // a program that ends early need not read everything
    child.stdin.end(options.input ?? "");
  });
}
