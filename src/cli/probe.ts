import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { listen } from "../probe/listen.ts";
import { doorsIn, targetsIn } from "../probe/options.ts";
import { wordsOf } from "../probe/report.ts";
import { tryAll } from "../probe/try.ts";
import { argumentsOf } from "./arguments.ts";
import { BadInput } from "./bad-input.ts";

/** Whoever answers is taken away when the run is over; if nobody does that, it ends by itself. */
const LISTENS_MS = 240_000;

/**
 * `telehealth probe`: one of the pods that try a practice's walls, without any right in the cluster. `listen` answers at
 * `PROBE_LISTEN`, `dial` tries `PROBE_DIAL` and leaves what it found where the kubelet reads a pod's last words.
 */
export async function probe(argv: readonly string[]): Promise<number> {
  const { positionals } = argumentsOf(argv, {});
  const [part] = positionals;
  if (part === "listen") {
    process.once("SIGTERM", () => process.exit(0));
    const { close } = await listen(doorsIn(process.env));
    await sleep(LISTENS_MS);
    close();
    return 0;
  }
  if (part !== "dial")
    throw new BadInput("A probe listens or dials: `telehealth probe listen` or `telehealth probe dial`.");
  const told = await tryAll(targetsIn(process.env), { environment: process.env });
  writeFileSync(process.env["PROBE_TOLD"] ?? "/dev/termination-log", wordsOf(told));
  return 0;
}
