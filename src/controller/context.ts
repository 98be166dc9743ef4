import type { Assets } from "../assets.ts";
import type { Config } from "../config.ts";
import type { LiveObject } from "../manifest.ts";
import type { Applier } from "../runtime/apply.ts";
import type { Cache, Cluster } from "../runtime/cluster.ts";
import type { Change } from "../runtime/changes.ts";
import type { Events } from "../runtime/events.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { PracticeStatus } from "../api/status.ts";
import type { InUse } from "./calls.ts";
import type { Doors } from "./door.ts";
import type { Lookup } from "./lookup.ts";
import type { Probes } from "./probes.ts";
import type { createRenderings } from "./renderings.ts";
import type { HostClaims } from "./claims.ts";
import type { Shard } from "./shard.ts";
import type { Statuses } from "./statuses.ts";

/** A practice as the API server has it; `spec` is not parsed yet. */
export type PracticeResource = LiveObject & {
  readonly metadata: LiveObject["metadata"] & { readonly namespace: string };
  readonly spec: unknown;
  readonly status?: PracticeStatus;
};

/** What every step of a reconcile works with. */
export interface Context {
  readonly cluster: Cluster;
  /** The same with some time left, for the last steps of a reconcile that has taken too long. */
  readonly afterwards: () => Pick<Context, "cluster" | "signal">;
  readonly cache: Cache;
  readonly shard: Shard;
  readonly applier: Applier;
  readonly events: Events;
  readonly config: Config;
  readonly assets: Assets;
  /** The operator's own version, for the status. */
  readonly version: string;
  readonly claims: HostClaims;
  readonly doors: Doors;
  readonly statuses: Statuses;
  /** Files of somebody else that pods may still have, by practice. */
  readonly misled: Map<string, readonly Change[]>;
  readonly probes: Probes;
  readonly lookup: Lookup;
  readonly render: ReturnType<typeof createRenderings>;
  /** Asked only while a change waits that would end calls. */
  readonly inUse: InUse;
  readonly logger: Logger;
  /** Fires when the reconcile has taken too long or the operator stops. */
  readonly signal: AbortSignal;
  /** The clock, so that tests own time. */
  readonly now: () => Date;
}
