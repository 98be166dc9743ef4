import { createInterface } from "node:readline";
import type { PracticeSpec } from "../api/practice.ts";
import { environment } from "../config.ts";
import { PRACTICES } from "../controller/kinds.ts";
import { argumentsOf } from "./arguments.ts";
import { BadInput } from "./bad-input.ts";
import { connectTo } from "./connect.ts";
import { untilInterrupted } from "./interrupted.ts";
import { ACTIONS, USE } from "./user-actions.ts";
import { administer } from "./user-administration.ts";
import { synapsePod } from "./user-pod.ts";

/**
 * `telehealth user`: the people of a practice. Needs the rights to read the practice, to get and patch the pod of its
 * homeserver, and to get and create that pod's port-forward.
 */
export async function user(argv: readonly string[]): Promise<number> {
  const { values, positionals } = argumentsOf(argv, {
    practice: { type: "string" },
    namespace: { type: "string", short: "n" },
    context: { type: "string" },
    role: { type: "string" },
    named: { type: "boolean" },
    yes: { type: "boolean" },
  });
  const [verb = "", person, ...more] = positionals;
  const action = ACTIONS[verb];
  const { practice: name } = values;
  if (!action || !name || more.length > 0) throw new BadInput(`Say what to do, and for which practice: ${USE}`);

  const connected = await connectTo(values.context, environment());
  try {
    const ref = { namespace: values.namespace ?? connected.namespace, name };
    const practice = await connected.cluster.get(PRACTICES, ref);
    if (!practice) throw new BadInput(`There is no practice ${ref.namespace}/${name}. Name its namespace with -n.`);
    const act = action({
      user: person,
      role: values.role,
      name: verb === "add" && values.named ? await nameFromInput() : undefined,
      yes: values.yes ?? false,
      provider: (practice["spec"] as Partial<PracticeSpec>).staff !== undefined,
    });
    await untilInterrupted("Nothing is left behind that could act.", async (signal) =>
      administer(await synapsePod(connected, ref), act, signal),
    );
    return 0;
  } finally {
    await connected.transport.close();
  }
}

/** No character that a screen does not show. */
const NAME = /^[^\p{C}]{1,100}$/u;

/** The first line of standard input. */
async function nameFromInput(): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write("Name to show (a neutral one): ");
  for await (const line of createInterface({ input: process.stdin })) {
    const name = line.trim();
    if (NAME.test(name)) return name;
    break;
  }
  throw new BadInput("The name to show is 1 to 100 visible characters on one line of standard input.");
}
