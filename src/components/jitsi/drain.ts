import type { IContainer } from "kubernetes-models/v1";

/** The script that a container of a call runs before it is stopped, as a file among its configuration. */
export const DRAIN_FILE = "drain.sh";

/** Makes a container wait for the end of running calls before it is stopped, at most for its pod's grace period. */
export function drainedFrom(folder: string): Pick<IContainer, "lifecycle"> {
  return { lifecycle: { preStop: { exec: { command: ["sh", `${folder}/${DRAIN_FILE}`] } } } };
}
