import { asText } from "../audit/text.ts";
import { isMet } from "../audit/report.ts";
import { reportOn } from "../audit/judge.ts";
import { environment, loadConfig } from "../config.ts";
import { PRACTICES } from "../controller/kinds.ts";
import { argumentsOf } from "./arguments.ts";
import { evidenceOf } from "./audit-evidence.ts";
import { probed } from "./audit-probe.ts";
import { BadInput } from "./bad-input.ts";
import { connectTo } from "./connect.ts";

/**
 * `telehealth audit`: what holds of each promise, with its evidence and what it does not cover. Reads with the rights of
 * whoever runs it, and no Secret. Exit code 1 unless every promise is met.
 */
export async function audit(argv: readonly string[]): Promise<number> {
  const { values, positionals } = argumentsOf(argv, {
    namespace: { type: "string", short: "n" },
    context: { type: "string" },
    config: { type: "string" },
    json: { type: "boolean" },
    probe: { type: "boolean" },
  });
  const [name, ...more] = positionals;
  if (!name || more.length > 0) throw new BadInput("Name one practice: telehealth audit NAME -n NAMESPACE");
  const config = loadConfig({ config: values.config });
  const { cluster, transport, namespace: own } = await connectTo(values.context, environment());
  try {
    const ref = { namespace: values.namespace ?? own, name };
    const found = await cluster.get(PRACTICES, ref);
    if (!found) throw new BadInput(`There is no practice ${ref.namespace}/${name}. Name its namespace with -n.`);
    const tell = (sentence: string) => void process.stderr.write(`${sentence}\n`);
    const practice = values.probe ? await probed(cluster, found, tell) : found;
    const report = reportOn(await evidenceOf(cluster, practice, config, new Date()));
    process.stdout.write(values.json ? `${JSON.stringify(report, undefined, 2)}\n` : asText(report));
    return isMet(report) ? 0 : 1;
  } finally {
    await transport.close();
  }
}
