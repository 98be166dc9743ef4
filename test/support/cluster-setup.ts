import type { TestProject } from "vitest/node";
import type { Connection } from "../bed/api.ts";
import { startControlPlane } from "../bed/control-plane.ts";

/** What the setup hands to the tests, which run in other processes. */
export interface SharedBed {
  readonly connection: Connection;
  readonly kubeconfig: string;
  readonly binaries: string;
  readonly auditLog: string;
  /** The authority of the bed, for servers that stand in front of the API server. */
  readonly authority: { readonly cert: string; readonly key: string };
}

declare module "vitest" {
  interface ProvidedContext {
    bed: SharedBed;
  }
}

/** One control plane for the whole tier; each test gets a namespace of its own. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const bed = await startControlPlane();
  project.provide("bed", {
    connection: bed.adminConnection,
    kubeconfig: bed.kubeconfig,
    binaries: bed.binaries,
    auditLog: bed.auditLog,
    authority: { cert: bed.authority.cert, key: bed.authority.key },
  });
  return bed.stop;
}
