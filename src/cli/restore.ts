import { environment } from "../config.ts";
import { PRACTICES } from "../controller/kinds.ts";
import { RESTORING } from "../controller/identity.ts";
import type { LiveObject } from "../manifest.ts";
import type { Cluster } from "../runtime/cluster.ts";
import { RESOURCES, resourceOf } from "../runtime/resources.ts";
import { argumentsOf, readPractices } from "./arguments.ts";
import { type PartName, readBackup, readPart } from "./backup-set.ts";
import { BadInput } from "./bad-input.ts";
import { connectTo } from "./connect.ts";
import { completed, newToken, otherHalf, type Place, podOf, type Tell, toPod } from "./copy-job.ts";
import { CLEARING, untilInterrupted } from "./interrupted.ts";
import { made, MANAGER } from "./made.ts";
import { type Wanted, wantedOf } from "./restore-wanted.ts";

/**
 * `telehealth restore`: puts a backup into a namespace that has nothing of the practice yet. The practice is applied
 * afterwards and takes up what it finds. Needs the rights to create and delete Secrets, ConfigMaps, volume claims and
 * Jobs, to list pods, and to get and create port-forwards.
 */
export async function restore(argv: readonly string[]): Promise<number> {
  const { values, positionals } = argumentsOf(argv, {
    file: { type: "string", short: "f" },
    from: { type: "string" },
    context: { type: "string" },
    config: { type: "string" },
  });
  const { from } = values;
  if (!from || positionals.length > 0)
    throw new BadInput("Say which practice, and where from: telehealth restore -f practice.yaml --from FOLDER");
  const [input, ...more] = readPractices(values.file);
  if (!input || more.length > 0)
    throw new BadInput(`${values.file} holds several practices. Name a file with the one to restore.`);
  const { contents, keys } = await readBackup(from);

  const connected = await connectTo(values.context, environment());
  const tell: Tell = (sentence) => void process.stderr.write(`${sentence}\n`);
  const { namespace, name } = input.resource.metadata;
  try {
    await untilInterrupted(CLEARING, async (signal) => {
      const cluster = connected.cluster.within(signal);
      const connect = (pod: string) => toPod(connected, namespace, pod);
      const place = { cluster, patient: connected.cluster, namespace, name, connect, tell, signal };
      await copyIn(place, wantedOf(input, contents, keys, values.config), from);
    });
    tell(`Restored. Now apply the practice: kubectl apply -f ${values.file}`);
    return 0;
  } finally {
    await connected.transport.close();
  }
}

/**
 * Puts a backup into the cluster. Until it is whole, the identity says so, and a practice that is applied too early
 * waits. What fails half-way is taken away again.
 * @throws BadInput when something of the practice is there already; Error with the next step.
 */
export async function copyIn(
  { cluster, patient, namespace, name, connect, tell, signal }: Place,
  wanted: Wanted,
  folder: string,
): Promise<void> {
  await assertNothingThere(cluster, { namespace, name }, wanted);
  const kept = made(patient);
  const passing = made(patient);
  const { identity } = wanted;
  try {
    const marker = { ...identity, data: { ...(identity["data"] as object), [RESTORING]: "true" } };
    await kept.create(RESOURCES.ConfigMap, marker);
    for (const object of [...wanted.secrets, ...wanted.claims]) await kept.create(resourceOf(object), object);
    await passing.create(RESOURCES.ConfigMap, wanted.files);
    const { token, secret } = newToken(namespace, wanted.tokenSecret);
    await passing.create(RESOURCES.Secret, secret);
    const fill = async (part: PartName & keyof Wanted["jobs"], what: string) => {
      tell(`Restoring ${what} …`);
      const job = await passing.create(RESOURCES.Job, wanted.jobs[part]);
      const other = otherHalf(connect(await podOf(cluster, job, "take", tell)), token, signal);
      await other.put("/part", readPart(folder, part), wanted.contents.parts[part].sha256);
      await completed(cluster, job, tell);
    };
    await fill("database", "the database");
    await fill("media", "the files");
    const ref = { namespace, name: identity.metadata.name };
    await patient.mergePatch(RESOURCES.ConfigMap, ref, { data: { [RESTORING]: null } }, MANAGER);
  } catch (error) {
    await Promise.allSettled([passing.remove(), kept.remove()]);
    throw error;
  }
  await passing.remove();
}

async function assertNothingThere(
  cluster: Cluster,
  ref: { namespace: string; name: string },
  wanted: Wanted,
): Promise<void> {
  if (await cluster.get(PRACTICES, ref)) {
    throw new BadInput(
      `The practice ${ref.name} is there already. A backup goes into a namespace that has nothing of it yet.`,
    );
  }
  if (!(await cluster.get(RESOURCES.Namespace, { name: ref.namespace }))) {
    throw new BadInput(`There is no namespace ${ref.namespace}. Make it first: examples/solo.yaml shows its labels.`);
  }
  const token = { apiVersion: "v1", kind: "Secret", metadata: { name: wanted.tokenSecret } };
  for (const object of [wanted.identity, ...wanted.secrets, ...wanted.claims, wanted.files, token]) {
    const found: LiveObject | undefined = await cluster.get(resourceOf(object), { ...ref, name: object.metadata.name });
    if (found)
      throw new BadInput(
        `${found.kind} ${found.metadata.name} is there already, and nothing is overwritten. Use an empty namespace, or delete it.`,
      );
  }
}
