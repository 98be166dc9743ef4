/** Where lines for the person at the terminal go: standard error, because standard output may be piped. */
export function say(line: string): void {
  process.stderr.write(`test bed: ${line}\n`);
}

/** Runs `work` and says every 8 s that it is still at it and for how long, so that no terminal stays silent. */
export async function withProgress<T>(what: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const seconds = () => Math.round((performance.now() - start) / 1000);
  say(`${what} ...`);
  const timer = setInterval(() => say(`${what}: ${seconds()} s so far`), 8_000);
  try {
    const result = await work();
    say(`${what}: done after ${seconds()} s`);
    return result;
  } finally {
    clearInterval(timer);
  }
}
