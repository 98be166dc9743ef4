import { environment } from "../config.ts";
import { give } from "../copy/give.ts";
import { COPY_PORT, tokenFrom } from "../copy/part.ts";
import { take } from "../copy/take.ts";
import { argumentsOf } from "./arguments.ts";
import { BadInput } from "./bad-input.ts";

/** `telehealth copy`: the half of a backup or a restore that runs in a pod, until the other half has what it wants. */
export async function copy(argv: readonly string[]): Promise<number> {
  const { values, positionals } = argumentsOf(argv, {
    database: { type: "string" },
    media: { type: "string" },
    target: { type: "string" },
  });
  const { database, media, target } = values;
  const common = { token: tokenFrom(environment()), port: COPY_PORT };
  const started = () => {
    const [kind] = positionals;
    if (kind === "give" && database && media) return give({ ...common, database, media });
    if ((kind === "file" || kind === "folder") && target) return take({ ...common, kind, target });
    throw new BadInput(
      "This runs in a pod: `telehealth copy give --database FILE --media FOLDER`, or `file|folder --target PATH`.",
    );
  };
  await (
    await started()
  ).done;
  return 0;
}
