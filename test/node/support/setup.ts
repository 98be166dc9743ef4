import type { TestProject } from "vitest/node";
import { installCrds } from "../../bed/crds.ts";
import { practiceArchive } from "../../bed/node/images.ts";
import { importImage } from "../../bed/node/places.ts";
import { type NodeData, startNode } from "../../bed/node/start.ts";
import { installOwnCrd } from "../../bed/own-crd.ts";
import { startCertificates } from "./certificates.ts";
import { installOperator } from "./operator.ts";

declare module "vitest" {
  interface ProvidedContext {
    node: NodeData;
  }
}

/** One node for the whole tier, with cert-manager and the operator on it; each test gets a namespace of its own. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const archive = await practiceArchive();
  const node = await startNode();
  const { data, stop } = node;
  try {
    await Promise.all([
      importImage(data, archive),
      installOwnCrd(data),
      installCrds(data.adminConnection, "gateway-api"),
      startCertificates(node),
    ]);
    await installOperator(data);
  } catch (error) {
    await stop();
    throw error;
  }
  project.provide("node", data);
  project.provide("bed", data); // what tests of the cluster tier use works here as well
  return stop;
}
