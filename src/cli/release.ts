import { FIELD_MANAGER, FINALIZER } from "../api/group.ts";
import { environment } from "../config.ts";
import { PRACTICES } from "../controller/kinds.ts";
import { connectTo } from "./connect.ts";
import { argumentsOf } from "./arguments.ts";
import { BadInput } from "./bad-input.ts";

/**
 * `telehealth release`: takes our finalizer off a practice whose operator is gone, so that its deletion can finish.
 * Walls, volumes and Secrets stay; the message says how to find them.
 */
export async function release(argv: readonly string[]): Promise<number> {
  const { values, positionals } = argumentsOf(argv, {
    namespace: { type: "string", short: "n" },
    context: { type: "string" },
    yes: { type: "boolean" },
  });
  const [name] = positionals;
  const { namespace } = values;
  if (!name || !namespace)
    throw new BadInput("Name the practice and its namespace: telehealth release NAME -n NAMESPACE --yes");
  if (!values.yes) {
    throw new BadInput(
      "Release only a practice whose operator is gone; nothing is taken down in order then. Add --yes if that is so.",
    );
  }
  const { cluster, transport } = await connectTo(values.context, environment());
  const practice = await cluster.get(PRACTICES, { namespace, name });
  if (!practice) throw new BadInput(`There is no practice ${namespace}/${name}.`);
  const finalizers = (practice.metadata.finalizers ?? []).filter((finalizer) => finalizer !== FINALIZER);
  const { resourceVersion } = practice.metadata;
  await cluster.mergePatch(
    PRACTICES,
    { namespace, name },
    { metadata: { resourceVersion, finalizers } },
    FIELD_MANAGER,
  );
  await transport.close();
  process.stderr.write(
    `${namespace}/${name} is released. Its walls, volumes and Secrets are kept; find them with\n` +
      `  kubectl -n ${namespace} get networkpolicy,pvc,secret,configmap -l telehealth-operator.io/practice=${name}\n`,
  );
  return 0;
}
