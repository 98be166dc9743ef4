import parse from "@pushcorn/hocon-parser";

/**
 * A HOCON file as a parser that is not ours reads it, with `environment` for its `${VARIABLE}`s.
 * @throws when one of them is not there.
 */
export async function readHocon(text: string, environment: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const former = { ...process.env };
  Object.assign(process.env, environment);
  try {
    return await parse({ text, strict: true });
  } finally {
    for (const name of Object.keys(environment)) delete process.env[name];
    Object.assign(process.env, former);
  }
}
