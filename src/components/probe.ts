import type { IJob } from "kubernetes-models/batch/v1";
import type { IPodSpec } from "kubernetes-models/v1";
import { ANNOTATION, LABEL } from "../api/group.ts";
import type { Manifest } from "../manifest.ts";
import type { Role } from "../practice/names.ts";
import type { Practice, ProbeRun } from "../practice/practice.ts";
import type { Params, Walls } from "./component.ts";
import { type ContainerParams, pod } from "./kube.ts";

type Protocol = "TCP" | "UDP";

/**
 * Whose walls somebody stands behind: the database, which is the most closed of all; the one pod that the operator may
 * ask; and the one that everybody may send to, so that only a closed way out keeps the others away from it.
 */
const LISTENERS: readonly Role[] = ["postgres", "signalling", "bridge"];

/** Whose ways are tried: of two pods with some, and of a pod that has none at all. */
const DIALERS: readonly Role[] = ["front", "synapse", "probe"];

/** A port that no pod of a practice has. */
const UNDECLARED = 7007;

/** Where DNS of most clusters tells its figures: a pod in another namespace, on a port that nobody was given. */
const DNS_METRICS = 9153;

/** Where clouds answer with a machine's own credentials. */
const METADATA = "169.254.169.254";

/** Longer than a run takes, so that nothing stays when nobody takes it away. */
const LONGEST_SECONDS = 300;

/** A way to be tried, as `src/probe/options.ts` reads it. */
export interface Tried {
  readonly name: string;
  readonly kind: "listener" | "anything" | "apiServer" | "dns" | "besideDns";
  readonly host?: string;
  readonly port?: number;
  readonly protocol: Protocol;
  /** Whether the practice's walls let it through. */
  readonly open: boolean;
}

/** Who listens in a run of the probe. */
export function listenersOf(walls: readonly Walls[]): readonly Role[] {
  return LISTENERS.filter((role) => walls.some((wall) => wall.role === role && wall.listens.length > 0));
}

/** Who dials in a run of the probe. */
export function dialersOf(walls: readonly Walls[]): readonly Role[] {
  return DIALERS.filter((role) => role === "probe" || walls.some((wall) => wall.role === role));
}

/** Everything that a run tries from one role, and what the declared edges say of it. */
export function waysTried(
  role: Role,
  walls: readonly Walls[],
  addresses: ProbeRun["addresses"] = {},
): readonly Tried[] {
  const out = walls.find((wall) => wall.role === role)?.talksTo ?? [];
  const asks = (protocol: Protocol) => out.some((edge) => edge.to.kind === "dns" && edge.protocol === protocol);
  const dns = (["UDP", "TCP"] as const).map((protocol): Tried => ({
    name: `DNS over ${protocol}`,
    kind: "dns",
    protocol,
    open: asks(protocol),
  }));
  return [
    ...listenersOf(walls)
      .filter((listener) => listener !== role)
      .flatMap((listener) => waysTo(listener, role, walls, addresses[listener])),
    ...dns,
    { name: "the API server", kind: "apiServer", protocol: "TCP", open: false },
    { name: "the metadata address", kind: "anything", host: METADATA, port: 80, protocol: "TCP", open: false },
    { name: "another namespace", kind: "besideDns", port: DNS_METRICS, protocol: "TCP", open: false },
  ];
}

function waysTo(listener: Role, role: Role, walls: readonly Walls[], host: string | undefined): Tried[] {
  const talks = walls.find((wall) => wall.role === role)?.talksTo ?? [];
  const hears = walls.find((wall) => wall.role === listener)?.listens ?? [];
  return doorsOf(listener, walls).map(({ port, protocol }) => {
    const same = (edge: { readonly port: number; readonly protocol: Protocol }) =>
      edge.port === port && edge.protocol === protocol;
    const may = talks.some((edge) => same(edge) && edge.to.kind === "role" && edge.to.role === listener);
    const welcome = hears.some(
      (edge) => same(edge) && (edge.from.kind === "anybody" || (edge.from.kind === "role" && edge.from.role === role)),
    );
    const name = `${listener} ${protocol} ${port}`;
    return { name, kind: "listener", ...(host !== undefined && { host }), port, protocol, open: may && welcome };
  });
}

/** The ports at which a stand-in answers: those of its role, each once, and one that nobody was given. */
function doorsOf(
  role: Role,
  walls: readonly Walls[],
): readonly { readonly port: number; readonly protocol: Protocol }[] {
  const listens = walls.find((wall) => wall.role === role)?.listens ?? [];
  const doors = [...listens.map(({ port, protocol }) => ({ port, protocol })), UNDECLARED_DOORS].flat();
  return [...new Map(doors.map((door) => [`${door.protocol}/${door.port}`, door])).values()];
}

const UNDECLARED_DOORS = (["TCP", "UDP"] as const).map((protocol) => ({ port: UNDECLARED, protocol }));

/**
 * The Jobs of a run of the probe: those that listen, and as soon as it is known where they are, those that dial. Their
 * pods carry a role, so they stand behind its walls, and serve nobody, so no Service sends them anything.
 */
export function probesOf({ practice, observed }: Params, walls: readonly Walls[]): readonly Manifest[] {
  const { probe } = observed;
  if (!probe) return [];
  const listeners = listenersOf(walls).map((role) => {
    const doors = doorsOf(role, walls).map(({ port, protocol }) => `${protocol}/${port}`);
    return job(practice, probe, role, listening(practice, doors.join(" ")));
  });
  if (!probe.addresses) return listeners;
  const dialers = dialersOf(walls).map((role) =>
    job(practice, probe, role, {
      ...container(practice, "dial"),
      env: [{ name: "PROBE_DIAL", value: JSON.stringify(waysTried(role, walls, probe.addresses)) }],
    }),
  );
  return [...listeners, ...dialers];
}

function container(practice: Practice, part: "listen" | "dial"): ContainerParams {
  return {
    name: part,
    image: practice.images.operator,
    command: ["node", "--max-semi-space-size=1", "src/main.ts", "probe", part],
    resources: { cpu: "10m", memory: "96Mi" },
  };
}

function listening(practice: Practice, doors: string): ContainerParams {
  return {
    ...container(practice, "listen"),
    env: [{ name: "PROBE_LISTEN", value: doors }],
    // Nobody dials before it answers: a port at which nobody is there yet looks like one behind a wall.
    readinessProbe: { tcpSocket: { port: UNDECLARED }, periodSeconds: 1, failureThreshold: 60, timeoutSeconds: 2 },
  };
}

function job(practice: Practice, { at }: ProbeRun, role: Role, only: ContainerParams): Manifest & IJob {
  const made = pod(practice, {
    role,
    standsIn: true,
    // Of a trial, which has no right either.
    serviceAccountName: practice.names.trial,
    user: 65532,
    restartPolicy: "Never",
    annotations: { [ANNOTATION.probe]: at },
    terminationGracePeriodSeconds: 1,
    containers: [only],
    volumes: [],
  });
  const spec: NonNullable<IJob["spec"]> = {
    backoffLimit: 0,
    ttlSecondsAfterFinished: LONGEST_SECONDS,
    activeDeadlineSeconds: LONGEST_SECONDS,
    template: { ...made, spec: made.spec as IPodSpec },
  };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: practice.names.probeOf(JSON.stringify(spec)),
      labels: { [LABEL.component]: "probe" },
      annotations: { [ANNOTATION.probe]: at },
    },
    spec,
  };
}
