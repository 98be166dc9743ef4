import { setTimeout as sleep } from "node:timers/promises";
import { LABEL } from "../../../src/api/group.ts";
import type { LiveObject } from "../../../src/manifest.ts";
import { type Resource, RESOURCES } from "../../../src/runtime/resources.ts";
import { percentile } from "./histograms.ts";
import { follow } from "./stand-in.ts";
import type { Stage } from "./stage.ts";

/** How long it took until a child that somebody edited or deleted was as before. */
export interface Drift {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly samples: number;
}

/** Kinds that come back: volumes and what is born once stay gone by design. */
const KINDS: readonly Resource[] = [
  RESOURCES.NetworkPolicy,
  RESOURCES.ServiceAccount,
  RESOURCES.Service,
  RESOURCES.Deployment,
  RESOURCES.StatefulSet,
  RESOURCES.Ingress,
  RESOURCES.Issuer,
];
const LONGEST_MS = 60_000;
/** Between two, so that each is one. */
const PAUSE_MS = 150;

type Waiting = (type: string, object: LiveObject) => boolean;

/**
 * Edits and deletes random children of random practices, one after the other, each once, and watches when it is put right.
 * What is measured is from the server's answer to the edit until the watch tells of the repair.
 */
export async function drift(stage: Stage, samples: number): Promise<Drift> {
  const stopping = new AbortController();
  const { signal } = stopping;
  let waiting: { readonly is: Waiting; readonly done: (at: number) => void } | undefined;
  const seen = (type: string, object: LiveObject) => {
    if (waiting?.is(type, object)) waiting.done(performance.now());
  };
  await Promise.all(KINDS.map((kind) => follow(stage.transport, kind, { from: "now", signal }, seen)));
  const latencies: number[] = [];
  try {
    for (let n = 0; n < samples; n += 1) {
      const kind = pick(KINDS);
      const object = pick(await stage.cluster.list(kind, { namespace: pick(stage.namespaces) }));
      const spoil = n % 2 === 0 ? edited(stage, kind, object) : deleted(stage, kind, object);
      const repaired = new Promise<number>((done) => (waiting = { is: spoil.isRepaired, done }));
      await spoil.act();
      const from = performance.now();
      const at = await Promise.race([repaired, sleep(LONGEST_MS, undefined, { signal }).then(() => Infinity)]);
      if (!Number.isFinite(at))
        throw new Error(`${kind.kind} ${object.metadata.name} was not put right within a minute.`);
      latencies.push(Math.max(0, at - from));
      await sleep(PAUSE_MS);
    }
  } finally {
    stopping.abort();
  }
  return { p50Ms: percentile(latencies, 0.5), p99Ms: percentile(latencies, 0.99), samples };
}

function edited({ cluster }: Stage, kind: Resource, { metadata }: LiveObject) {
  const { namespace = "", name, labels } = metadata;
  const before = labels?.[LABEL.managedBy];
  let spoilt = false;
  return {
    act: () =>
      cluster.mergePatch(kind, { namespace, name }, { metadata: { labels: { [LABEL.managedBy]: "bench" } } }, "bench"),
    isRepaired(_: string, object: LiveObject) {
      if (object.metadata.uid !== metadata.uid) return false;
      if (object.metadata.labels?.[LABEL.managedBy] !== before) spoilt = true;
      return spoilt && object.metadata.labels?.[LABEL.managedBy] === before;
    },
  };
}

function deleted({ cluster }: Stage, kind: Resource, { metadata }: LiveObject) {
  const { namespace = "", name, uid } = metadata;
  return {
    act: () => cluster.delete(kind, { namespace, name }, { uid, propagation: "Background" }),
    isRepaired: (type: string, { metadata }: LiveObject) =>
      type === "ADDED" && metadata.namespace === namespace && metadata.name === name && metadata.uid !== uid,
  };
}

function pick<T>(from: readonly T[]): T {
  const chosen = from[Math.floor(Math.random() * from.length)];
  if (chosen === undefined) throw new Error("There is nothing to choose from.");
  return chosen;
}
