import { randomBytes } from "node:crypto";
import { dirname, join } from "node:path";
import { inject } from "vitest";
import { apiClient } from "../bed/api.ts";
import { readAuditLog, type AuditEvent } from "../bed/audit.ts";
import { run } from "../bed/run.ts";

/** The control plane that all cluster tests of a run share. Tests that break a cluster start their own. */
export const bed = inject("bed");

const client = apiClient(bed.adminConnection);

/** Runs kubectl as the administrator and returns what it prints. `input` is its standard input, for `-f -`. */
export function kubectl(args: readonly string[], input?: string): Promise<string> {
  const env = { KUBECONFIG: bed.kubeconfig, KUBECACHEDIR: join(dirname(bed.kubeconfig), "kubectl-cache") };
  const options = { env, ...(input !== undefined && { input }) };
  return run(join(bed.binaries, "kubectl"), args, options);
}

/** `kubectl get ... -o json`, parsed. */
export async function kubectlGet<T>(...args: string[]): Promise<T> {
  return JSON.parse(await kubectl(["get", ...args, "-o", "json"])) as T;
}

/** Server-side apply of plain objects, as a user would. */
export function kubectlApply(...objects: readonly object[]): Promise<string> {
  const list = { apiVersion: "v1", kind: "List", items: objects };
  return kubectl(["apply", "--server-side", "-f", "-"], JSON.stringify(list));
}

/** A name for a namespace that nobody else has. */
export function namespaceName(): string {
  return `test-${randomBytes(5).toString("hex")}`;
}

/** Makes a namespace with a name of its own and returns the name. It goes with the control plane. */
export async function newNamespace(
  labels: Readonly<Record<string, string>> = {},
  name = namespaceName(),
): Promise<string> {
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } };
  const { status } = await client.request("POST", "/api/v1/namespaces", namespace);
  if (status !== 201) throw new Error(`The namespace ${name} could not be made: ${status}.`);
  return name;
}

/** What the API server recorded; see `readAuditLog`. */
export function auditEvents(select?: (event: AuditEvent) => boolean, text?: string): Promise<AuditEvent[]> {
  return readAuditLog(bed.auditLog, select, text);
}
