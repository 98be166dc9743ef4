import { expect } from "vitest";
import { FIELD_MANAGER } from "../../src/api/group.ts";
import { PRACTICES } from "../../src/controller/kinds.ts";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { readAuditLog } from "../bed/audit.ts";
import type { ControlPlane } from "../bed/control-plane.ts";
import { waitFor } from "../bed/wait.ts";
import { telehealth } from "./cli.ts";
import type { Hand } from "./own-cluster.ts";
import { practiceFor, quiet } from "./practice-bed.ts";

/** A control plane, as far as it is asked what became of a practice. */
type Asked = Pick<ControlPlane, "kubeconfig" | "auditLog">;

/** Kinds of which the operator must never delete an object of a practice that lives: walls, data, keys. */
const NEVER_DELETED = ["networkpolicies", "persistentvolumeclaims", "secrets", "statefulsets", "deployments"];

/**
 * Fails unless a practice comes to what a clean run would make of the manifest `spec`: its objects and their owner, with
 * nothing of worth deleted on the way.
 */
export async function expectLikeACleanRun(
  plane: Asked,
  hand: Hand,
  namespace: string,
  spec: object = {},
): Promise<void> {
  await hand.converged(namespace);
  await quiet(namespace, 2, plane);
  const manifest = JSON.stringify(await practiceFor(namespace, spec));
  const planned = async () => {
    const { stdout, stderr } = await telehealth(plane.kubeconfig, ["plan", "-f", "-"], manifest);
    expect(stderr).toMatch(/: 0 to create, 0 to change, 0 to remove, \d{2} unchanged\.\n$/);
    return { diff: stdout };
  };
  expect(await waitFor(planned, { timeout: 60_000, interval: 1000 })).toEqual({ diff: "" });
  const owners = (await hand.list(RESOURCES.Service, namespace)).map(({ metadata }) => metadata.ownerReferences);
  const uid = (await hand.get(PRACTICES, { namespace, name: "greenriver" }))?.metadata.uid;
  expect(owners.flat().map((owner) => owner?.uid)).toEqual(owners.map(() => uid));
  expect(await deleted(plane, namespace)).toEqual([]);
}

/** What the operator deleted of what must live, by the API server's own record. */
async function deleted({ auditLog }: Asked, namespace: string): Promise<string[]> {
  const events = await readAuditLog(
    auditLog,
    ({ verb, userAgent = "", objectRef }) =>
      verb === "delete" &&
      userAgent.startsWith(FIELD_MANAGER) &&
      objectRef?.namespace === namespace &&
      NEVER_DELETED.includes(objectRef.resource ?? ""),
    namespace,
  );
  return events.map(({ objectRef }) => `${objectRef?.resource}/${objectRef?.name}`);
}
