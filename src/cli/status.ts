import type { PracticeStatus } from "../api/status.ts";
import { environment } from "../config.ts";
import { PRACTICES } from "../controller/kinds.ts";
import type { LiveObject } from "../manifest.ts";
import { argumentsOf } from "./arguments.ts";
import { BadInput } from "./bad-input.ts";
import { connectTo } from "./connect.ts";

/** `telehealth status`: each practice's conditions in words, and the next step. Exit code 1 when one is not ready. */
export async function status(argv: readonly string[]): Promise<number> {
  const { values, positionals } = argumentsOf(argv, {
    namespace: { type: "string", short: "n" },
    context: { type: "string" },
  });
  const { cluster, transport } = await connectTo(values.context, environment());
  const all = await cluster.list(PRACTICES, values.namespace ? { namespace: values.namespace } : {});
  await transport.close();
  const [name] = positionals;
  const practices = name ? all.filter((practice) => practice.metadata.name === name) : all;
  if (name && practices.length === 0) throw new BadInput(`There is no practice ${name}. Name its namespace with -n.`);
  for (const practice of practices) process.stdout.write(describeStatus(practice));
  if (practices.length === 0) process.stdout.write("There is no practice. Apply examples/solo.yaml to make one.\n");
  return practices.every((practice) => conditionOf(practice, "Ready")?.status === "True") ? 0 : 1;
}

/** Conditions that are good when False, and then not worth a line. */
const ABNORMAL: ReadonlySet<string> = new Set(["Reconciling", "Stalled", "UpdatePending", "Suspended"]);

/** A practice's state for a terminal: one line per condition that has something to say. */
export function describeStatus(practice: LiveObject): string {
  const state = statusOf(practice);
  const told = (state.conditions ?? []).filter(({ type, status }) => !(ABNORMAL.has(type) && status === "False"));
  const lines = told.map(({ type, status, reason, message }) => {
    const mark = type === "Stalled" ? "✗" : ABNORMAL.has(type) ? "…" : (MARK[status] ?? "?");
    return `  ${mark} ${type.padEnd(27)} ${reason}: ${message}`;
  });
  const next = state.nextStep ? [`  Next: ${state.nextStep}`] : [];
  const title = `${practice.metadata.namespace}/${practice.metadata.name}`;
  return `${[title, ...(lines.length > 0 ? lines : [NOT_LOOKED_AT]), ...next].join("\n")}\n`;
}

const NOT_LOOKED_AT =
  "  The operator has not looked at it yet. Is it running? Where several share the practices, one must select this one by its labels.";

const MARK: Readonly<Record<string, string>> = { True: "✓", False: "✗", Unknown: "?" };

function conditionOf(practice: LiveObject, type: string) {
  return statusOf(practice).conditions?.find((condition) => condition.type === type);
}

function statusOf(practice: LiveObject): Partial<PracticeStatus> {
  return practice["status"] ?? {};
}
