import { setTimeout as sleep } from "node:timers/promises";
import { LABEL } from "../../../src/api/group.ts";
import type { LiveObject } from "../../../src/manifest.ts";
import type { Ref } from "../../../src/runtime/cluster.ts";
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
  RESOURCES.ConfigMap,
  RESOURCES.Service,
  RESOURCES.Deployment,
  RESOURCES.StatefulSet,
  RESOURCES.CronJob,
  RESOURCES.Ingress,
  RESOURCES.Issuer,
  RESOURCES.Certificate,
];
const LONGEST_MS = 60_000;
/** Between two, so that each is one. */
const PAUSE_MS = 150;

type Waiting = (type: string, object: LiveObject) => boolean;

/**
 * Edits and deletes random children of random practices, one after the other, each once (the operator is patient with whoever
 * changes the same object again and again), and watches when it is put right: fewer than `samples` where there are fewer
 * children. What is measured is from the server's answer to the edit until the watch tells of the repair.
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
    for (const [n, { kind, ref }] of (await chosen(stage, samples)).entries()) {
      const object = await stage.cluster.get(kind, ref);
      if (!object) throw new Error(`${kind.kind} ${ref.name} is gone.`);
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
  return { p50Ms: percentile(latencies, 0.5), p99Ms: percentile(latencies, 0.99), samples: latencies.length };
}

/** Children of practices in random order, all kinds alike. */
async function chosen({ cluster }: Stage, samples: number): Promise<{ kind: Resource; ref: Required<Ref> }[]> {
  const perKind = await Promise.all(
    KINDS.map(async (kind) => {
      const found = await cluster.list(kind, { labelSelector: LABEL.practice });
      const made = found.filter(({ metadata }) => metadata.ownerReferences);
      const refs = shuffled(made.map(({ metadata: { namespace = "", name } }) => ({ kind, ref: { namespace, name } })));
      return refs.map((child, turn) => ({ ...child, turn }));
    }),
  );
  const inTurn = shuffled(perKind.flat()).toSorted((a, b) => a.turn - b.turn);
  return inTurn.slice(0, samples);
}

/** What somebody makes of a child; of other kinds only the label is changed. */
const SPOILT: Readonly<Record<string, object>> = {
  NetworkPolicy: { spec: { podSelector: { matchLabels: { spoilt: "yes" } } } },
  Service: { spec: { selector: { spoilt: "yes" } } },
  Deployment: { spec: { replicas: 2 } },
  StatefulSet: { spec: { replicas: 2 } },
  CronJob: { spec: { schedule: "0 0 1 1 *" } },
};

function edited({ cluster }: Stage, kind: Resource, object: LiveObject) {
  const { namespace = "", name, uid } = object.metadata;
  const told = ({ metadata, spec }: LiveObject) => JSON.stringify([metadata.labels?.[LABEL.managedBy], spec]);
  const before = told(object);
  let spoilt = false;
  const patch = { metadata: { labels: { [LABEL.managedBy]: "bench" } }, ...SPOILT[kind.kind] };
  return {
    act: () => cluster.mergePatch(kind, { namespace, name }, patch, "bench"),
    isRepaired(_: string, object: LiveObject) {
      if (object.metadata.uid !== uid) return false;
      if (told(object) !== before) spoilt = true;
      return spoilt && told(object) === before;
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

function shuffled<T>(list: readonly T[]): T[] {
  const places = list.map((item) => ({ item, place: Math.random() }));
  return places.toSorted((a, b) => a.place - b.place).map(({ item }) => item);
}
