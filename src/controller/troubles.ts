import type { ReasonName } from "../api/reasons.ts";

/** Why a container of a pod does not run, in our own words; what the program said is not kept. */
export interface Trouble {
  /** Absent: the pod as a whole. */
  readonly container?: string;
  readonly reason: ReasonName;
  /** The setting that a program names, if it does. */
  readonly setting?: string;
}

/**
 * What programs say when they cannot go on, first match counts. Seen on the real programs by
 * `test/apps/messaging/last-words.test.ts`; only the reason leaves this file, never the text.
 */
const WORDS: readonly (readonly [ReasonName, RegExp])[] = [
  ["VolumeFull", /No space left on device|Disk quota exceeded/],
  ["DatabaseOfAnotherVersion", /database files are incompatible with server|is not compatible with this version/],
  ["DatabaseOfAnotherServer", /Found users in database not native to /],
  ["DatabaseUnsuitable", /Database has incorrect (?:collation|ctype|encoding)|'(?:COLLATE|CTYPE)' is set to/],
  ["DatabaseTooOld", /Synapse requires PostgreSQL \d+/],
  ["DatabaseRefused", /password authentication failed|no pg_hba\.conf entry|(?:role|database) "[^"]*" does not exist/],
  ["DatabaseRefused", /no password supplied|permission denied for (?:schema|database|table)/],
  ["DatabaseUntrusted", /server does not support SSL|certificate verify failed|does not match host name|SSL error/],
  ["DatabaseUnreachable", /could not translate host name|Connection refused|Connection timed out|timeout expired/],
  ["DatabaseUnreachable", /No route to host|Network is unreachable|the database system is (?:starting up|shutting)/],
  ["DatabaseUnreachable", /server closed the connection unexpectedly|Connection reset by peer/],
];

/** Where a check names the setting that it does not like: a key of a file that we render, nothing that anybody wrote. */
const SETTINGS: readonly RegExp[] = [
  // Synapse: `("…", ('modules', '<item 0>', 'config'))`.
  /, \('([\w<> ',-]{1,200})',?\)\)\s*$/,
  // PostgreSQL.
  /(?:invalid value for|unrecognized configuration|outside the valid range for) parameter "([a-z_.]{1,63})"/,
];

/** How often a container has to fail before it is called so: a homeserver that comes before its database is none. */
const PATIENCE = 2;

const NO_IMAGE = new Set(["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"]);
const NO_VOLUME = /PersistentVolumeClaim|persistent volume|volume node affinity/i;

interface State {
  readonly waiting?: { readonly reason?: string };
  readonly terminated?: { readonly reason?: string; readonly exitCode?: number; readonly message?: string };
}
interface ContainerStatus {
  readonly name: string;
  readonly ready?: boolean;
  readonly restartCount?: number;
  readonly state?: State;
  readonly lastState?: State;
}
interface PodStatus {
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason?: string;
    readonly message?: string;
  }[];
  readonly initContainerStatuses?: readonly ContainerStatus[];
  readonly containerStatuses?: readonly ContainerStatus[];
}

/**
 * What keeps a pod from running, as its status tells. Pure.
 * @param once the pod's containers are never started again, so that their first failure counts.
 */
export function troublesOf(status: PodStatus, once: boolean): readonly Trouble[] {
  const { conditions = [], initContainerStatuses = [], containerStatuses = [] } = status;
  const homeless = conditions.find(
    (c) => c.type === "PodScheduled" && c.status === "False" && c.reason === "Unschedulable",
  );
  if (homeless) return [{ reason: NO_VOLUME.test(homeless.message ?? "") ? "VolumeUnbound" : "Unschedulable" }];
  return [...initContainerStatuses, ...containerStatuses].flatMap((container) => troubleOf(container, once) ?? []);
}

function troubleOf(container: ContainerStatus, once: boolean): Trouble | undefined {
  const { name, ready = false, restartCount = 0, state = {}, lastState = {} } = container;
  const waiting = state.waiting?.reason ?? "";
  if (NO_IMAGE.has(waiting)) return { container: name, reason: "ImageMissing" };
  if (waiting === "CreateContainerConfigError") return { container: name, reason: "SecretIncomplete" };
  const ended = state.terminated ?? lastState.terminated;
  if (ready || !ended?.exitCode || (!once && restartCount < PATIENCE)) return undefined;
  if (ended.reason === "OOMKilled") return { container: name, reason: "OutOfMemory" };
  const said = ended.message ?? "";
  const reason = WORDS.find(([, words]) => words.test(said))?.[0] ?? "ProgramFails";
  const setting = settingIn(said);
  return { container: name, reason, ...(setting !== undefined && { setting }) };
}

function settingIn(said: string): string | undefined {
  const found = SETTINGS.map((pattern) => pattern.exec(said)?.[1]).find((name) => name !== undefined);
  return found?.replaceAll("', '", ".");
}
