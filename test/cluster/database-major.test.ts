import { afterEach, expect, it } from "vitest";
import type { IStatefulSet } from "kubernetes-models/apps/v1";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { waitFor } from "../bed/wait.ts";
import { bed } from "../support/bed.ts";
import { runOperator } from "../support/operator.ts";
import { handOn } from "../support/own-cluster.ts";
import { practiceNamespace } from "../support/practice-bed.ts";

const hand = handOn(bed.adminConnection);
let operator: ReturnType<typeof runOperator> | undefined;
afterEach(() => operator?.stop());

const NEWER = "docker.io/library/postgres:18.1";

it("a release with a newer PostgreSQL leaves the database running and says the way", async () => {
  const namespace = await practiceNamespace();
  const ref = { namespace, name: "greenriver-postgres" };
  const imageOf = async () =>
    ((await hand.get(RESOURCES.StatefulSet, ref)) as IStatefulSet | undefined)?.spec?.template.spec?.containers[0]
      ?.image;
  operator = runOperator(bed.adminConnection, [namespace]);
  await hand.practice(namespace);
  await hand.mediaAddress(namespace);
  await hand.converged(namespace);
  await operator.stop();
  const former = await imageOf();
  expect(former).toMatch(/postgres:17/);

  operator = runOperator(bed.adminConnection, [namespace], { images: { postgres: NEWER } });
  const told = await hand.expectReason(namespace, "UpdatePending", "DatabaseOfAnotherVersion");
  expect(told.message).toContain("What ran before goes on.");
  // Whatever else the release brings is there, such as the program that copies the database.
  const copies = async () =>
    JSON.stringify(await hand.get(RESOURCES.CronJob, { namespace, name: "greenriver-backup" })).includes(NEWER);
  await waitFor(copies, { what: "the pod of backups to have the newer pg_dump" });
  expect(await imageOf()).toBe(former);
  const { conditions = [] } = await hand.status(namespace);
  expect(conditions.filter(({ reason }) => reason === "PolicyViolated")).toEqual([]);
  expect(conditions.find(({ type }) => type === "ComponentsReady")?.reason).toBe("AllReady");
  await operator.stop();

  operator = runOperator(bed.adminConnection, [namespace]);
  await hand.expectReason(namespace, "UpdatePending", "UpToDate");
  expect(await imageOf()).toBe(former);
});
