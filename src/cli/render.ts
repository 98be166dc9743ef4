import { parse } from "yaml";
import { loadAssets } from "../assets.ts";
import { loadConfig } from "../config.ts";
import { BORN_SECRETS, type BornSecret, namesOf } from "../practice/names.ts";
import type { Observed } from "../practice/practice.ts";
import { defaultIdentity, InvalidPractice, resolve } from "../practice/resolve.ts";
import { render } from "../render/render.ts";
import { toYaml } from "../render/yaml.ts";
import { BadInput } from "./bad-input.ts";
import { argumentsOf, readPractices, readText } from "./arguments.ts";

/**
 * `telehealth render`: every object of a practice as YAML, without a cluster. What cannot be rendered without
 * knowing the cluster is named on standard error, never faked; `--observed FILE` tells it.
 */
export async function renderCommand(argv: readonly string[]): Promise<number> {
  const { values } = argumentsOf(argv, {
    file: { type: "string", short: "f" },
    observed: { type: "string" },
    config: { type: "string" },
  });
  const options = loadConfig({ config: values.config });
  const assets = loadAssets();
  for (const { resource, spec } of readPractices(values.file)) {
    const { namespace, name } = resource.metadata;
    const practice = resolvePractice({ resource, spec, options, identity: defaultIdentity(namespace, name, spec) });
    const observed = {
      ...nothingObserved(name),
      ...(values.observed && (parse(readText(values.observed)) as Partial<Observed>)),
    };
    const { manifests, awaits } = render({ practice, observed, assets });
    process.stdout.write(toYaml(manifests));
    for (const { component, message } of awaits) process.stderr.write(`Not rendered yet: ${component}. ${message}\n`);
  }
  return 0;
}

/** @throws BadInput naming every field that is missing or refused. */
export function resolvePractice(input: Parameters<typeof resolve>[0]) {
  try {
    return resolve(input);
  } catch (error) {
    if (error instanceof InvalidPractice) throw new BadInput(error.message);
    throw error;
  }
}

/** A cluster of which only the usual is assumed: cert-manager and Gateway API are there, no address is known. */
export function nothingObserved(name: string): Observed {
  const names = namesOf(name);
  return {
    secrets: Object.fromEntries(BORN_SECRETS.map((born) => [born, names.bornSecret(born)])) as Record<
      BornSecret,
      string
    >,
    apis: { certManager: true, gateway: true, cloudNativePG: false },
    mediaAddresses: [],
    mediaFamilies: ["IPv4"],
    storageClasses: {},
    secretFingerprints: {},
  };
}
