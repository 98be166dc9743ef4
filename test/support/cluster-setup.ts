import type { TestProject } from "vitest/node";
import { type ControlPlane, startControlPlane } from "../bed/control-plane.ts";
import { installCrds } from "../bed/crds.ts";
import { startKwok } from "../bed/kwok.ts";
import { installOwnCrd } from "../bed/own-crd.ts";
import { addVolumes } from "../bed/volumes.ts";
import { startK3s } from "../bed/ways/k3s.ts";
import { installPolicies } from "./admission.ts";
import type { SharedBed } from "./shared-bed.ts";

declare module "vitest" {
  interface ProvidedContext {
    bed: SharedBed;
  }
}

/** One control plane for the whole tier; each test gets a namespace of its own. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const bed = process.env.TELEHEALTH_BED === "docker" ? await startK3s() : await simulatedCluster();
  const { adminConnection: admin } = bed;
  await Promise.all([installCrds(admin, "cert-manager"), installCrds(admin, "gateway-api"), installOwnCrd(bed)]);
  // The tests' hands break things on purpose, and most operators here act as the administrator too.
  await installPolicies(bed, { admission: { exempt: ["admin", "system:admin"] } });
  const { adminConnection, serverIdentity, kubeconfig, binaries, auditLog } = bed;
  project.provide("bed", { adminConnection, serverIdentity, kubeconfig, binaries, auditLog });
  return bed.stop;
}

/** Pods run nowhere on our own control plane, but they become Ready, so that phases and teardown can be seen. */
async function simulatedCluster(): Promise<ControlPlane> {
  const bed = await startControlPlane({ scheduler: true });
  await Promise.all([startKwok(bed), addVolumes(bed, 1000)]);
  return bed;
}
