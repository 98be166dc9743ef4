import { mkdtemp, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Connection } from "../bed/api.ts";
import { kubeconfigFor } from "../bed/identities.ts";
import { bed } from "./bed.ts";

/** Writes a kubeconfig beside the administrator's, so that it goes with the control plane. @returns its path. */
export async function kubeconfigFile(connection: Connection): Promise<string> {
  const file = join(await mkdtemp(join(dirname(bed.kubeconfig), "proxy-")), "kubeconfig");
  await writeFile(file, kubeconfigFor(connection), { mode: 0o600 });
  return file;
}
