import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { LABEL } from "../../src/api/group.ts";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { waitFor } from "../bed/wait.ts";
import { disturbed } from "../support/disturbed.ts";
import type { ProxiedRequest } from "../support/proxy.ts";

const ofVolumes = ({ path }: ProxiedRequest) => path.endsWith("/persistentvolumeclaims");

it("a birth asks for volumes while they cannot be watched, and makes no key beside one", async ({ onTestFinished }) => {
  const made = await disturbed();
  onTestFinished(made.end);
  const { proxy, hand, namespace } = made;
  await waitFor(() => proxy.requests.some(ofVolumes), { what: "the watch of volumes" });
  await sleep(1000);
  made.fault((request) => (ofVolumes(request) && !request.isWrite ? { kind: "answer", status: 503 } : undefined));
  proxy.cutWatches();
  const labels = { [LABEL.practice]: "greenriver", [LABEL.retainedFrom]: "a-former-practice" };
  await hand.create(RESOURCES.PersistentVolumeClaim, {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { namespace, name: "greenriver-postgres-data", labels },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "10Gi" } } },
  });
  await made.practice();
  const told = await hand.expectReason(namespace, "Stalled", "SecretLost");
  expect(told.message).toContain("greenriver-database-1");
  expect(await hand.names(RESOURCES.Secret, namespace)).not.toContain("greenriver-database-1");
  expect(await hand.names(RESOURCES.ConfigMap, namespace)).not.toContain("greenriver-identity");
});
