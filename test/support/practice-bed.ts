import { readFile } from "node:fs/promises";
import { parseAllDocuments } from "yaml";
import { FIELD_MANAGER, LABEL } from "../../src/api/group.ts";
import type { PracticeStatus } from "../../src/api/status.ts";
import { parseSpec } from "../../src/api/practice.ts";
import { defaultIdentity } from "../../src/practice/resolve.ts";
import { PRACTICES } from "../../src/controller/kinds.ts";
import { CHILD_RESOURCES } from "../../src/controller/live.ts";
import type { LiveObject, Manifest } from "../../src/manifest.ts";
import { apiVersionOf, pathOf, RESOURCES } from "../../src/runtime/resources.ts";
import type { ControlPlane } from "../bed/control-plane.ts";
import { waitFor } from "../bed/wait.ts";
import { apiClient } from "../bed/api.ts";
import { readAuditLog } from "../bed/audit.ts";
import { bed, namespaceName, newNamespace } from "./bed.ts";

/** A maintenance window that is always open: nothing runs in the pods here, so nobody could say that no call runs. */
export const ALWAYS = {
  windows: [{ days: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], from: "00:00", to: "24:00" }],
};

/** As the examples label a namespace, so that the policies of the chart hold in it. */
export const RESTRICTED = {
  "pod-security.kubernetes.io/enforce": "restricted",
  [LABEL.practiceNamespace]: "true",
};

/** The practice of an example with its names moved to a namespace of the test and hosts of its own. */
export async function practiceFor(namespace: string, spec: object = {}, name = "greenriver"): Promise<Manifest> {
  const text = await readFile(new URL("../../examples/solo.yaml", import.meta.url), "utf8");
  const documents = parseAllDocuments(text).map((document) => document.toJS() as Manifest);
  const practice = documents.find(({ kind }) => kind === "TelehealthPractice");
  if (!practice) throw new Error("examples/solo.yaml holds no practice.");
  return {
    ...practice,
    metadata: { name, namespace },
    spec: { ...(practice["spec"] as object), domain: `${namespace}.example`, ...spec },
  };
}

/** A namespace as the examples make it. */
export async function practiceNamespace(): Promise<string> {
  const services = (await client.request("GET", pathOf(RESOURCES.Service))).body as { items: LiveObject[] };
  const taken = new Set(
    services.items.flatMap((service) => {
      const { ports = [] } = service["spec"] as { ports?: { nodePort?: number }[] };
      return ports.map(({ nodePort }) => nodePort);
    }),
  );
  // Other tests leave practices behind. Of one whose media port is taken the requests and objects would be others.
  for (;;) {
    const name = namespaceName();
    const parsed = parseSpec(await practiceFor(name));
    if (!parsed.ok) throw new Error("examples/solo.yaml cannot be used.");
    const { mediaPort } = defaultIdentity(name, "greenriver", parsed.spec);
    if (!taken.has(mediaPort) && !taken.has(mediaPort + 1)) return newNamespace(RESTRICTED, name);
  }
}

export async function applyPractice(namespace: string, spec: object = {}, name?: string): Promise<Manifest> {
  const practice = await practiceFor(namespace, spec, name);
  const path = `${pathOf(PRACTICES, { namespace, name: practice.metadata.name })}?fieldManager=tests&force=true`;
  const { status, body } = await client.request("PATCH", path, practice, "application/apply-patch+yaml");
  if (status >= 300) throw new Error(`The practice was refused: ${JSON.stringify(body)}`);
  return practice;
}

const client = apiClient(bed.adminConnection);

/** Live children by label, Secrets included. Asked for directly: a kubectl for each would be most of a test's time. */
export async function children(namespace: string, name = "greenriver"): Promise<LiveObject[]> {
  const lists = await Promise.all(
    [...CHILD_RESOURCES, RESOURCES.Secret].map(async (resource) => {
      const query = `?labelSelector=${encodeURIComponent(`${LABEL.practice}=${name}`)}`;
      const { body } = await client.request("GET", pathOf(resource, { namespace }) + query);
      const { items = [] } = body as { items?: LiveObject[] };
      return items.map((item) => ({ ...item, apiVersion: apiVersionOf(resource), kind: resource.kind }));
    }),
  );
  return lists.flat();
}

export function childNames(objects: readonly LiveObject[]): string[] {
  return objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`).toSorted();
}

export async function statusOf(namespace: string, name = "greenriver"): Promise<Partial<PracticeStatus>> {
  const { body } = await client.request("GET", pathOf(PRACTICES, { namespace, name }));
  return (body as { status?: PracticeStatus }).status ?? {};
}

async function condition(namespace: string, type: string, name?: string) {
  return (await statusOf(namespace, name)).conditions?.find((entry) => entry.type === type);
}

/** Waits until a condition has a reason; fails with what it says instead. */
export async function expectReason(namespace: string, type: string, reason: string, name?: string) {
  return waitFor(
    async () => {
      const found = await condition(namespace, type, name);
      if (found?.reason === reason) return found;
      throw new Error(`${type} is ${found?.status} ${found?.reason}: ${found?.message}`);
    },
    { what: `${type} to say ${reason}` },
  );
}

/** Plays the load balancer, as soon as there is a media Service. */
export async function giveMediaAddress(
  namespace: string,
  { ip = "203.0.113.7", name = "greenriver", timeout = 30_000 } = {},
): Promise<void> {
  const path = `${pathOf(RESOURCES.Service, { namespace, name: `${name}-media` })}/status`;
  const patch = { status: { loadBalancer: { ingress: [{ ip }] } } };
  const give = async () => (await client.request("PATCH", path, patch, "application/merge-patch+json")).status === 200;
  await waitFor(give, { timeout, what: "a media Service to give an address to" });
}

/** Writes of the operator in a namespace since `since`, by the API server's own record. */
export async function writesOf(namespace: string, since: Date, { auditLog }: Audited = bed): Promise<string[]> {
  const events = await readAuditLog(
    auditLog,
    (event) =>
      (event.userAgent ?? "").startsWith(FIELD_MANAGER) &&
      event.objectRef?.namespace === namespace &&
      !["get", "list", "watch"].includes(event.verb) &&
      new Date(event.requestReceivedTimestamp) > since,
    namespace,
  );
  return events.map(({ verb, objectRef }) => `${verb} ${objectRef?.resource}/${objectRef?.name}`);
}

/** A control plane, as far as its record is read. */
type Audited = Pick<ControlPlane, "auditLog">;

/** Resolves when the operator has written nothing in this namespace for `seconds`. */
export async function quiet(namespace: string, seconds = 2, audited: Audited = bed): Promise<void> {
  const since = () => new Date(Date.now() - seconds * 1000);
  await waitFor(async () => (await writesOf(namespace, since(), audited)).length === 0 || undefined, {
    timeout: 60_000,
    interval: 500,
    what: "the operator to come to rest",
  });
}
