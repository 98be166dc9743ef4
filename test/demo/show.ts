import { PHASES, type Phase, phaseOf } from "../../src/render/order.ts";
import type { LiveObject } from "../../src/manifest.ts";

const TITLE: Readonly<Record<Phase, string>> = {
  walls: "Walls: default deny, and the declared edges",
  foundations: "Foundations: configuration, volumes, accounts, certificates",
  services: "Services",
  workloads: "Workloads: six pods",
  routes: "Routes: the hosts open when what serves them is ready",
};

/** Prints objects as they appear, under the title of their phase, each once. */
export function createProgram(print: (line: string) => void) {
  const seen = new Set<string>();
  let current: Phase | undefined;
  return {
    show(objects: readonly LiveObject[]): void {
      for (const phase of PHASES) {
        const fresh = objects.filter(
          (object) => object.kind !== "Secret" && phaseOf(object) === phase && !seen.has(object.metadata.uid),
        );
        if (fresh.length === 0) continue;
        if (phase !== current) print(`\n  ${TITLE[phase]}`);
        current = phase;
        for (const object of fresh) {
          seen.add(object.metadata.uid);
          print(`    ${object.kind.padEnd(22)} ${object.metadata.name}`);
        }
      }
    },
  };
}
