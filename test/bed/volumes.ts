import { apiClient } from "./api.ts";
import type { ControlPlane } from "./control-plane.ts";

/**
 * Adds **simulated** volumes, so that pods with claims can be scheduled: claims that name no class are bound to them,
 * as long as there are some. Nothing is ever stored in one.
 */
export async function addVolumes(
  { adminConnection }: Pick<ControlPlane, "adminConnection">,
  count: number,
): Promise<void> {
  const client = apiClient(adminConnection);
  const create = (index: number) => {
    const spec = {
      capacity: { storage: "1Ti" },
      accessModes: ["ReadWriteOnce"],
      persistentVolumeReclaimPolicy: "Retain",
      hostPath: { path: `/simulated/${index}` },
    };
    const volume = { apiVersion: "v1", kind: "PersistentVolume", metadata: { name: `simulated-${index}` }, spec };
    return client.request("POST", "/api/v1/persistentvolumes", volume);
  };
  try {
    await Promise.all(Array.from({ length: count }, (_, index) => create(index)));
  } finally {
    await client.close();
  }
}
