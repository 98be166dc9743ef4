import type { TestProject } from "vitest/node";
import type { Connection } from "../bed/api.ts";
import { startControlPlane } from "../bed/control-plane.ts";
import { installCrds } from "../bed/crds.ts";
import { startKwok } from "../bed/kwok.ts";
import { installOwnCrd } from "../bed/own-crd.ts";
import type { KeyPair } from "../bed/pki.ts";

/** What the setup hands to the tests, which run in other processes. */
export interface SharedBed {
  readonly adminConnection: Connection;
  readonly kubeconfig: string;
  readonly binaries: string;
  readonly auditLog: string;
  readonly serverIdentity: KeyPair;
}

declare module "vitest" {
  interface ProvidedContext {
    bed: SharedBed;
  }
}

/** One control plane for the whole tier; each test gets a namespace of its own. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const bed = await startControlPlane({ scheduler: true });
  // Pods run nowhere, but they become Ready, so that phases, readiness and teardown can be seen: simulated.
  await Promise.all([
    startKwok(bed),
    installCrds(bed.adminConnection, "cert-manager"),
    installCrds(bed.adminConnection, "gateway-api"),
    installOwnCrd(bed),
  ]);
  project.provide("bed", {
    adminConnection: bed.adminConnection,
    kubeconfig: bed.kubeconfig,
    binaries: bed.binaries,
    auditLog: bed.auditLog,
    serverIdentity: bed.serverIdentity,
  });
  return bed.stop;
}
