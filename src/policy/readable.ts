import { readProsody } from "./lua.ts";
import { directives, readNginx } from "./nginx.ts";
import { type Check, violation } from "./policy.ts";
import { type Program, type Reader, type Running, running } from "./programs.ts";
import { isObject, readHocon, readJson } from "./settings.ts";

const READERS: Partial<Record<Program, Reader<unknown>>> = {
  nginx: (text) => directives(readNginx(text) ?? [], "server")[0],
  prosody: readProsody,
  jicofo: asObject(readHocon),
  jvb: asObject(readHocon),
  synapse: asObject(readJson),
  postgres: (text) => text,
  "make-database": (text) => text,
};

function asObject(read: Reader<unknown>): Reader<unknown> {
  return (text) => {
    const settings = read(text);
    return isObject(settings) ? settings : undefined;
  };
}

export const configurationReadable: Check = {
  name: "configuration-readable",
  promise: "e2ee",
  because:
    "A check that finds nothing to read has nothing to object to. So every program's file comes from a ConfigMap of " +
    "the practice, in a form that can be read without running it.",
  violations: ({ objects }) =>
    running(objects)
      .filter(({ program, configuration }) => READERS[program] && configuration(READERS[program]) === undefined)
      .map((found) => violation(found.pod.workload, `${describeFile(found)} is missing or cannot be judged.`)),
};

function describeFile({ program, path }: Running): string {
  return `The configuration ${path?.split("/").at(-1) ?? ""} of ${program}`;
}
