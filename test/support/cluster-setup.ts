import type { TestProject } from "vitest/node";
import { startControlPlane } from "../bed/control-plane.ts";
import { startK3s } from "../bed/ways/k3s.ts";
import type { SharedBed } from "./shared-bed.ts";

declare module "vitest" {
  interface ProvidedContext {
    bed: SharedBed;
  }
}

/** One control plane for the whole tier; each test gets a namespace of its own. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const bed = process.env.TELEHEALTH_BED === "docker" ? await startK3s() : await startControlPlane();
  const { adminConnection, serverIdentity, kubeconfig, binaries, auditLog } = bed;
  project.provide("bed", { adminConnection, serverIdentity, kubeconfig, binaries, auditLog });
  return bed.stop;
}
