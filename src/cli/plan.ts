import { createTwoFilesPatch } from "diff";
import { stringify } from "yaml";
import { FIELD_MANAGER } from "../api/group.ts";
import { loadAssets } from "../assets.ts";
import { environment, loadConfig } from "../config.ts";
import { cachedKinds } from "../controller/kinds.ts";
import { type PlannedChange, planPractice } from "../controller/plan.ts";
import { createCache } from "../runtime/cache.ts";
import { argumentsOf, readPractices } from "./arguments.ts";
import { connectTo } from "./connect.ts";

/** `telehealth plan`: what the operator would change in a cluster, as a diff. Nothing is written, no Secret is shown. */
export async function plan(argv: readonly string[]): Promise<number> {
  const { values } = argumentsOf(argv, {
    file: { type: "string", short: "f" },
    context: { type: "string" },
    config: { type: "string" },
  });
  const practices = readPractices(values.file);
  const config = loadConfig({ config: values.config });
  const assets = loadAssets();
  const { cluster, transport, logger, metrics } = await connectTo(values.context, environment());
  const stop = new AbortController();
  try {
    for (const practice of practices) {
      const { namespace, name } = practice.resource.metadata;
      const cache = createCache({
        transport,
        kinds: cachedKinds({ nodes: true }),
        namespaces: [namespace],
        manager: FIELD_MANAGER,
        logger,
        metrics,
      });
      await cache.start(stop.signal);
      const { changes, awaits } = await planPractice({ cluster, cache, config, assets }, practice);
      for (const change of changes) process.stdout.write(diffOf(change));
      for (const { component, message } of awaits) process.stderr.write(`Not rendered yet: ${component}. ${message}\n`);
      process.stderr.write(`${namespace}/${name}: ${summaryOf(changes)}\n`);
    }
  } finally {
    stop.abort();
    await transport.close();
  }
  return 0;
}

function diffOf({ object, action, before, after }: PlannedChange): string {
  if (action === "same") return "";
  if (action === "remove") return `--- ${object}\n(would be removed)\n`;
  const yaml = (manifest: unknown) => (manifest ? stringify(manifest, { lineWidth: 0, sortMapEntries: true }) : "");
  return createTwoFilesPatch(object, object, yaml(before), yaml(after), "live", "planned", { context: 2 });
}

function summaryOf(changes: readonly PlannedChange[]): string {
  const count = (action: PlannedChange["action"]) => changes.filter((change) => change.action === action).length;
  return `${count("create")} to create, ${count("change")} to change, ${count("remove")} to remove, ${count("same")} unchanged.`;
}
