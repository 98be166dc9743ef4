import { schemaHash } from "../api/crd.ts";
import { GROUP, PLURAL } from "../api/group.ts";
import { type Clock, sleep, systemClock } from "../runtime/clock.ts";
import type { Cluster } from "../runtime/cluster.ts";
import { RESOURCES } from "../runtime/resources.ts";
import type { Logger } from "../telemetry/logger.ts";

/** The cluster's definition of a practice: an older one than this operator's would silently drop fields. */
export interface Definition {
  /** A sentence that says what is wrong and what to do, or that it is not known yet; `undefined` when it fits. */
  readonly problem: string | undefined;
  /** Reads it until it fits, or the signal fires. Never throws. */
  follow(signal: AbortSignal): Promise<void>;
}

const READ_AGAIN_MS = 5000;

export function createDefinition(options: {
  readonly cluster: Cluster;
  readonly logger: Logger;
  readonly clock?: Clock;
}): Definition {
  const { cluster, logger, clock = systemClock } = options;
  let problem: string | undefined = "It has not been read yet.";
  return {
    get problem() {
      return problem;
    },
    async follow(signal) {
      while (!signal.aborted) {
        const found = await problemOf(cluster).catch((error: unknown) => `It cannot be read: ${String(error)}`);
        if (found && found !== problem)
          logger.error({ problem: found }, "The definition of a practice does not fit yet");
        problem = found;
        if (found === undefined) return;
        await sleep(clock, READ_AGAIN_MS, signal);
      }
    },
  };
}

async function problemOf(cluster: Cluster): Promise<string | undefined> {
  const name = `${PLURAL}.${GROUP}`;
  const live = await cluster.get(RESOURCES.CustomResourceDefinition, { name });
  if (!live) return `The definition ${name} is not installed. Install the chart, or apply the file in crds/.`;
  if (live.metadata.annotations?.[`${GROUP}/schema-hash`] === schemaHash()) return undefined;
  return `The definition ${name} belongs to another version of the operator. Upgrade the chart, or apply the file in crds/.`;
}
