import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PRACTICES } from "../../src/controller/kinds.ts";
import { CHILD_RESOURCES } from "../../src/controller/live.ts";
import type { LiveObject } from "../../src/manifest.ts";
import { BORN_SECRETS } from "../../src/practice/names.ts";
import { pathOf, RESOURCES } from "../../src/runtime/resources.ts";
import { apiClient } from "../bed/api.ts";
import { waitFor } from "../bed/wait.ts";
import { bed } from "../support/bed.ts";
import { type RunningOperator, startOperator } from "../support/operator.ts";
import { handOn } from "../support/own-cluster.ts";
import { ALWAYS, practiceNamespace, quiet } from "../support/practice-bed.ts";

const NAME = "greenriver";
const client = apiClient(bed.adminConnection);
const hand = handOn(bed.adminConnection);

type Secret = LiveObject & { readonly data?: Readonly<Record<string, string>>; readonly immutable?: boolean };

describe("the Secrets that are born with a practice", () => {
  let namespace: string;
  let operator: RunningOperator;
  /** What each secret value was, by where: `greenriver-rooms-1 private.pem`. Also of Secrets that are gone by now. */
  const values = new Map<string, string>();

  const born = async () => (await hand.list(RESOURCES.Secret, namespace)) as Secret[];
  const pods = () => hand.list(RESOURCES.Pod, namespace);
  const note = async () => {
    for (const { metadata, data = {} } of await born()) {
      for (const [key, value] of Object.entries(data)) {
        values.set(`${metadata.name} ${key}`, Buffer.from(value, "base64").toString());
      }
    }
  };

  beforeAll(async () => {
    namespace = await practiceNamespace();
    operator = await startOperator(bed.kubeconfig, { watchNamespaces: [namespace], logLevel: "debug" });
    await hand.practice(namespace, { maintenance: ALWAYS });
    await hand.mediaAddress(namespace);
    await hand.converged(namespace);
    await quiet(namespace);
    await note();
  });
  afterAll(() => operator.stop());

  it("cannot be changed, and belong to the practice unless its data outlives it", async () => {
    const practice = await hand.get(PRACTICES, { namespace, name: NAME });
    const owner = { kind: "TelehealthPractice", name: NAME, uid: practice?.metadata.uid, controller: true };
    const secrets = await born();
    expect(secrets.map(({ metadata }) => metadata.name).toSorted()).toEqual(
      BORN_SECRETS.map((secret) => `${NAME}-${secret}-1`).toSorted(),
    );
    for (const { metadata, immutable, data = {} } of secrets) {
      expect(immutable, metadata.name).toBe(true);
      const outlives = /-(database|synapse|entry)-1$/.test(metadata.name);
      const owners = outlives ? undefined : [expect.objectContaining(owner)];
      expect(metadata.ownerReferences, metadata.name).toEqual(owners);
      const patch = { data: { [Object.keys(data)[0] ?? ""]: "eA==" } };
      const path = pathOf(RESOURCES.Secret, { namespace, name: metadata.name });
      const answer = await client.request("PATCH", path, patch, "application/merge-patch+json");
      expect(answer.status, metadata.name).toBe(422);
    }
  });

  it("are given to the pods that need them and to no other", async () => {
    const users = await usersOf();
    expect(users).toEqual({
      [`${NAME}-database-1`]: ["postgres", "synapse"],
      // Its half of the database's password is PostgreSQL's to set.
      [`${NAME}-entry-1`]: ["entry", "postgres"],
      [`${NAME}-rooms-1`]: ["entry", "signalling"],
      [`${NAME}-signalling-1`]: ["bridge", "signalling"],
      [`${NAME}-synapse-1`]: ["synapse"],
    });
    // Signalling verifies room tokens; it must not be able to sign one.
    const signalling = (await pods()).find((pod) => roleOf(pod) === "signalling");
    expect(JSON.stringify(signalling)).toContain("public.pem");
    expect(JSON.stringify(signalling)).not.toContain("private.pem");
  });

  it("one without data that is lost is made anew under a new name, and every pod that used it rolls", async () => {
    const before = await pods();
    await hand.remove(RESOURCES.Secret, { namespace, name: `${NAME}-signalling-1` });
    await waitFor(
      async () => {
        const users = await usersOf();
        return (
          users[`${NAME}-signalling-1`] === undefined &&
          JSON.stringify(users[`${NAME}-signalling-2`]) === '["bridge","signalling"]' &&
          (await pods()).length === 6
        );
      },
      { timeout: 60_000, what: "the pods to roll" },
    );
    const names = (await born()).map(({ metadata }) => metadata.name);
    expect(names).toContain(`${NAME}-signalling-2`);
    expect(names).not.toContain(`${NAME}-signalling-1`);
    const kept = new Set((await pods()).map(({ metadata }) => metadata.uid));
    const stayed = before.filter(({ metadata }) => kept.has(metadata.uid)).map(roleOf);
    expect(stayed.toSorted()).toEqual(["entry", "front", "postgres", "synapse"]);
    const certificate = await hand.get(RESOURCES.Certificate, { namespace, name: `${NAME}-signalling-tls` });
    expect(JSON.stringify(certificate)).toContain(`${NAME}-signalling-2`);
    await note();
    expect(values.get(`${NAME}-signalling-2 focus-password`)).not.toBe(
      values.get(`${NAME}-signalling-1 focus-password`),
    );
  });

  it("one whose key overlaps is replaced when somebody asks for it: once, with the former one beside it", async () => {
    const ref = { namespace, name: `${NAME}-entry-1` };
    await hand.patch(RESOURCES.Secret, ref, { metadata: { annotations: { "telehealth-operator.io/replace": "now" } } });
    const users = await waitFor(
      async () => {
        const found = await usersOf();
        const isRolled = JSON.stringify(found[`${NAME}-entry-2`]) === '["entry","postgres"]';
        return isRolled && (await pods()).length === 6 ? found : undefined;
      },
      { timeout: 60_000, what: "the pods to roll" },
    );
    expect(users[`${NAME}-entry-1`]).toEqual(["entry"]);
    await quiet(namespace);
    await note();
    expect((await born()).map(({ metadata }) => metadata.name).filter((name) => name.includes("entry"))).toEqual([
      `${NAME}-entry-1`,
      `${NAME}-entry-2`,
    ]);
    const of = (version: number, key: string) => values.get(`${NAME}-entry-${version} ${key}`);
    expect(of(2, "key")).toMatch(/^[0-9a-f]{64}$/);
    expect(of(2, "key")).not.toBe(of(1, "key"));
    // The database knows one password at a time, so no moment is without the right one.
    expect(of(2, "database-password")).toBe(of(1, "database-password"));
    // A next one again when that is asked for, and none is made anew because a former one is taken away.
    await hand.remove(RESOURCES.Secret, ref);
    await quiet(namespace);
    expect((await born()).some(({ metadata }) => metadata.name === `${NAME}-entry-3`)).toBe(false);
  });

  it("one with data that is lost is never made anew; nothing is touched until it is restored", async () => {
    const name = `${NAME}-synapse-1`;
    const lost = (await born()).find(({ metadata }) => metadata.name === name);
    const before = (await pods()).map(({ metadata }) => metadata.uid).toSorted();
    await hand.remove(RESOURCES.Secret, { namespace, name });
    const told = await hand.expectReason(namespace, "Stalled", "SecretLost");
    expect(told.message).toContain(name);
    expect(told.message).toContain(`${NAME}-synapse-media`);
    await quiet(namespace);
    expect((await born()).map(({ metadata }) => metadata.name).filter((n) => n.includes("synapse"))).toEqual([]);
    expect((await pods()).map(({ metadata }) => metadata.uid).toSorted()).toEqual(before);

    const { labels } = lost?.metadata ?? {};
    const restored = {
      ...lost,
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name, namespace, ...(labels && { labels }) },
    };
    await hand.create(RESOURCES.Secret, restored);
    await hand.expectReason(namespace, "Stalled", "Settled");
    expect((await pods()).map(({ metadata }) => metadata.uid).toSorted()).toEqual(before);
  });

  it("are told to nobody: no log line, event, status, configuration or annotation holds one of their values", async () => {
    const told = [await operator.log()];
    for (const resource of [...CHILD_RESOURCES, RESOURCES.Pod, RESOURCES.Event, PRACTICES]) {
      told.push(...(await hand.list(resource, namespace)).map((object) => JSON.stringify(object)));
    }
    for (const { metadata } of await born()) told.push(JSON.stringify(metadata));
    expect(told.length).toBeGreaterThan(60);
    const text = told.join("\n");
    expect(values.size).toBe(18);
    const leaked = [...values].filter(([, value]) => tellTales(value).some((part) => text.includes(part)));
    expect(leaked.map(([where]) => where)).toEqual([]);
    expect(text).toContain(`${NAME}-signalling-2`);
  });

  /** Which roles' pods mount or read a Secret, by its name. */
  async function usersOf(): Promise<Record<string, string[] | undefined>> {
    const users: Record<string, string[]> = {};
    const secrets = (await born()).map(({ metadata }) => metadata.name);
    const lost = `${NAME}-signalling-1`;
    for (const pod of await pods()) {
      const spec = JSON.stringify(pod["spec"]);
      const mentioned = [...new Set([...spec.matchAll(/"(greenriver-[a-z]+-\d+)"/g)].map(([, name = ""]) => name))];
      for (const name of mentioned) {
        if (secrets.includes(name) || name === lost) (users[name] ??= []).push(roleOf(pod));
      }
    }
    return Object.fromEntries(Object.entries(users).map(([name, roles]) => [name, [...new Set(roles)].toSorted()]));
  }
});

function roleOf({ metadata }: LiveObject): string {
  return metadata.labels?.["telehealth-operator.io/role"] ?? "";
}

/** Parts of a value by which it would be known anywhere, as it is or in base64. */
function tellTales(value: string): string[] {
  const lines = value.split("\n").flatMap((line) => line.split(" "));
  const long = lines.filter((line) => line.length >= 16 && !line.startsWith("-----"));
  return [...long, Buffer.from(value).toString("base64").slice(0, 40)];
}
