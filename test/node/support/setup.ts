import type { TestProject } from "vitest/node";
import { installCrds } from "../../bed/crds.ts";
import { DOOR_ADDRESS } from "../../bed/node/addresses.ts";
import { practiceArchive } from "../../bed/node/images.ts";
import { importImage } from "../../bed/node/places.ts";
import { type NodeData, startNode } from "../../bed/node/start.ts";
import { installOwnCrd } from "../../bed/own-crd.ts";
import { type AcmeServer, startCertificates } from "./certificates.ts";
import { installOperator } from "./operator.ts";

declare module "vitest" {
  interface ProvidedContext {
    node: NodeData;
    acme: AcmeServer;
  }
}

/** One node for the whole tier, with cert-manager and the operator on it; each test gets a namespace of its own. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const archive = await practiceArchive();
  const node = await startNode();
  const { data, stop } = node;
  try {
    const [acme] = await Promise.all([
      startCertificates(node, DOOR_ADDRESS),
      importImage(data, archive),
      installOwnCrd(data),
      installCrds(data.adminConnection, "gateway-api"),
    ]);
    project.provide("acme", acme);
    await installOperator(data);
  } catch (error) {
    await stop();
    throw error;
  }
  project.provide("node", data);
  project.provide("bed", data); // what tests of the cluster tier use works here as well
  return stop;
}
