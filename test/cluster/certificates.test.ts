import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ANNOTATION } from "../../src/api/group.ts";
import type { LiveObject, Manifest } from "../../src/manifest.ts";
import { RESOURCES, type Resource } from "../../src/runtime/resources.ts";
import { startCertManager } from "../bed/cert-manager.ts";
import type { ControlPlane } from "../bed/control-plane.ts";
import { type Pebble, startPebble } from "../bed/pebble.ts";
import { createAuthority } from "../bed/pki.ts";
import type { RunningProgram } from "../bed/processes.ts";
import { waitFor } from "../bed/wait.ts";
import { type RunningOperator, startOperator } from "../support/operator.ts";
import { type Hand, startOwnCluster } from "../support/own-cluster.ts";
import { ALWAYS } from "../support/practice-bed.ts";

/** The real cert-manager with a CA, and a real ACME server that finds no host; only pods are simulated. */

const CLUSTER_ISSUER: Resource = {
  group: "cert-manager.io",
  version: "v1",
  kind: "ClusterIssuer",
  plural: "clusterissuers",
  namespaced: false,
};
const NAME = "greenriver";
const BY_CA = { certificates: { issuerRef: { name: "ca" } } };
const SECONDS = 1000;

let plane: ControlPlane;
let hand: Hand;
let certManager: RunningProgram;
let pebble: Pebble;
let operator: RunningOperator;

beforeAll(async () => {
  ({ plane, hand } = await startOwnCluster(["cert-manager"]));
  pebble = await startPebble(plane.group, plane.directory, { refuses: ["refused.example"] });
  await startManager();
  const api = { apiVersion: "cert-manager.io/v1" };
  await hand.create(CLUSTER_ISSUER, {
    ...api,
    kind: "ClusterIssuer",
    metadata: { name: "self" },
    spec: { selfSigned: {} },
  });
  await hand.create(RESOURCES.Certificate, {
    ...api,
    kind: "Certificate",
    metadata: { name: "ca", namespace: "cert-manager" },
    spec: {
      isCA: true,
      commonName: "ca",
      secretName: "ca",
      privateKey: { algorithm: "ECDSA", size: 256 },
      issuerRef: { name: "self", kind: "ClusterIssuer" },
    },
  });
  await hand.create(CLUSTER_ISSUER, {
    ...api,
    kind: "ClusterIssuer",
    metadata: { name: "ca" },
    spec: { ca: { secretName: "ca" } },
  });
  operator = await startOperator(plane.kubeconfig);
}, 300_000);

afterAll(async () => {
  await operator?.stop();
  await hand?.close();
  await plane?.stop();
});

async function startManager() {
  certManager = await startCertManager(plane, { trust: pebble.trust, nameservers: [pebble.nameserver] });
}

const told = (namespace: string, reason: string, timeout = 60 * SECONDS) =>
  hand.expectReason(namespace, "CertificatesReady", reason, NAME, timeout);

const hostsOf = (namespace: string) => ["go", "meet", "matrix", "chat"].map((host) => `${host}.${namespace}.example`);

async function shown(namespace: string, secret: string): Promise<X509Certificate> {
  const { data } = (await hand.get(RESOURCES.Secret, { namespace, name: secret })) as LiveObject & {
    data: Record<string, string>;
  };
  return new X509Certificate(Buffer.from(data["tls.crt"] ?? "", "base64"));
}

/** What `cmctl renew` does. */
async function renew(namespace: string, name: string): Promise<void> {
  const ref = { namespace, name };
  const certificate = (await hand.get(RESOURCES.Certificate, ref)) as LiveObject & {
    status: { conditions: readonly { type: string }[] };
  };
  const others = certificate.status.conditions.filter(({ type }) => type !== "Issuing");
  const asked = { type: "Issuing", status: "True", reason: "ManuallyTriggered", message: "asked for by a test" };
  await hand.patch(RESOURCES.Certificate, ref, { status: { conditions: [...others, asked] } }, "/status");
}

async function renewed(namespace: string, name: string, secret = name): Promise<X509Certificate> {
  const before = await shown(namespace, secret);
  await renew(namespace, name);
  const look = async () => {
    const now = await shown(namespace, secret);
    return now.serialNumber === before.serialNumber ? undefined : now;
  };
  return waitFor(look, { timeout: 60 * SECONDS, what: `a new certificate in ${secret}` });
}

async function templates(namespace: string): Promise<Record<string, unknown>> {
  const lists = [RESOURCES.Deployment, RESOURCES.StatefulSet].map((resource) => hand.list(resource, namespace));
  const workloads = (await Promise.all(lists)).flat();
  return Object.fromEntries(
    workloads.map((object) => [object.metadata.name, (object["spec"] as { template: unknown }).template]),
  );
}

async function podUids(namespace: string): Promise<string[]> {
  return (await hand.list(RESOURCES.Pod, namespace)).map(({ metadata }) => metadata.uid).toSorted();
}

async function tlsSecret(namespace: string, name: string, pair: { cert: string; key: string }): Promise<void> {
  const encode = (text: string) => Buffer.from(text).toString("base64");
  const data = { "tls.crt": encode(pair.cert), "tls.key": encode(pair.key) };
  const secret: Manifest = {
    apiVersion: "v1",
    kind: "Secret",
    type: "kubernetes.io/tls",
    metadata: { namespace, name },
    data,
  };
  const exists = (await hand.get(RESOURCES.Secret, { namespace, name })) !== undefined;
  if (exists) await hand.patch(RESOURCES.Secret, { namespace, name }, { data });
  else await hand.create(RESOURCES.Secret, secret);
}

/** A practice that has come to rest. Simulated pods run before their Secret is there, so it may roll once more. */
async function running(): Promise<string> {
  const namespace = await hand.namespace();
  await hand.practice(namespace, { ...BY_CA, maintenance: ALWAYS });
  await hand.mediaAddress(namespace);
  await hand.expectReason(namespace, "Ready", "Ready", NAME, 90 * SECONDS);
  const pod = () => hand.get(RESOURCES.StatefulSet, { namespace, name: `${NAME}-signalling` });
  const knowsCertificate = async () => JSON.stringify((await pod())?.["spec"]).includes(ANNOTATION.secrets);
  await waitFor(knowsCertificate, { timeout: 60 * SECONDS, what: "Prosody's pod to know its certificate" });
  await hand.expectReason(namespace, "UpdatePending", "UpToDate", NAME, 60 * SECONDS);
  await hand.expectReason(namespace, "Ready", "Ready", NAME, 60 * SECONDS);
  return namespace;
}

describe("a certificate by an issuer of cert-manager", () => {
  it("is issued for the four hosts, and the practice is ready", async () => {
    const namespace = await running();
    const { message } = await told(namespace, "Issued");
    expect(message).toMatch(/covers all four hosts until \d{4}-\d\d-\d\d/);
    const certificate = await shown(namespace, `${NAME}-hosts-tls`);
    expect(certificate.verify((await shown("cert-manager", "ca")).publicKey)).toBe(true);
    for (const host of hostsOf(namespace)) expect(certificate.checkHost(host)).toBe(host);
  });

  it("is renewed without a change to any pod", async () => {
    const namespace = await running();
    const before = { templates: await templates(namespace), pods: await podUids(namespace) };
    await renewed(namespace, `${NAME}-hosts`, `${NAME}-hosts-tls`);
    // The operator has seen it: what follows would be here by now.
    const day = (await shown(namespace, `${NAME}-hosts-tls`)).validToDate.toISOString().slice(0, 10);
    expect((await told(namespace, "Issued")).message).toContain(day);
    await hand.patch(
      RESOURCES.Service,
      { namespace, name: `${NAME}-front` },
      { metadata: { labels: { touched: "now" } } },
    );
    await hand.expectReason(namespace, "UpdatePending", "UpToDate");
    expect({ templates: await templates(namespace), pods: await podUids(namespace) }).toEqual(before);
  });

  it("names the issuer that is not there, and goes on when it is", async () => {
    const namespace = await hand.namespace();
    const certificates = { issuerRef: { name: "own", kind: "Issuer" } };
    await hand.practice(namespace, { certificates });
    expect((await told(namespace, "IssuerNotReady")).message).toMatch(/for go\..* There is no Issuer own\.$/);
    await hand.create(RESOURCES.Issuer, {
      apiVersion: "cert-manager.io/v1",
      kind: "Issuer",
      metadata: { name: "own", namespace },
      spec: { ca: { secretName: "nothing" } },
    });
    const unready = () => told(namespace, "IssuerNotReady", SECONDS);
    await waitFor(async () => /is not ready. It says: .*"nothing" not found/.test((await unready()).message), {
      what: "the issuer's own words",
    });
    await hand.patch(RESOURCES.Issuer, { namespace, name: "own" }, { spec: { ca: null, selfSigned: {} } });
    await told(namespace, "Issued", 90 * SECONDS);
  });

  it("is told as over although cert-manager is gone, and is not missed when it is back", async () => {
    const namespace = await running();
    const authority = await createAuthority();
    await certManager.kill();
    try {
      const old = await authority.issue({ user: "hosts", dnsNames: hostsOf(namespace), expired: true });
      await tlsSecret(namespace, `${NAME}-hosts-tls`, old);
      const { message } = await told(namespace, "CertificateExpired", 15 * SECONDS);
      for (const host of hostsOf(namespace)) expect(message).toContain(host);
      await hand.expectReason(namespace, "Ready", "CertificateExpired");
    } finally {
      await startManager();
    }
    await told(namespace, "Issued", 90 * SECONDS);
  });
});

describe("the certificate inside of a practice", () => {
  it("is renewed, and rolled out when nobody is in a call", async () => {
    const namespace = await running();
    await hand.practice(namespace, BY_CA);
    const before = await templates(namespace);
    await renewed(namespace, `${NAME}-signalling-tls`);
    await hand.expectReason(namespace, "UpdatePending", "WaitingForQuietMoment");
    await hand.expectReason(namespace, "Ready", "Ready");
    expect(await templates(namespace)).toEqual(before);

    await hand.practice(namespace, { ...BY_CA, maintenance: ALWAYS });
    await hand.expectReason(namespace, "UpdatePending", "UpToDate", NAME, 60 * SECONDS);
    const after = await templates(namespace);
    const changed = Object.keys(after).filter((name) => JSON.stringify(after[name]) !== JSON.stringify(before[name]));
    // Jicofo and the bridge trust the authority, whose key is the same.
    expect(changed).toEqual([`${NAME}-signalling`]);
  });

  it("stays trusted when its authority is renewed", async () => {
    const namespace = await running();
    const leaf = await shown(namespace, `${NAME}-signalling-tls`);
    const authority = await renewed(namespace, `${NAME}-internal-ca`);
    expect(leaf.verify(authority.publicKey)).toBe(true);
    expect((await shown(namespace, `${NAME}-signalling-tls`)).serialNumber).toBe(leaf.serialNumber);
  });
});

describe("a certificate that others put into a Secret", () => {
  it("is judged by what it is: missing, for other hosts, over, good", async () => {
    const namespace = await hand.namespace();
    const authority = await createAuthority();
    const issue = (dnsNames: string[], expired = false) => authority.issue({ user: "edge", dnsNames, expired });
    await hand.practice(namespace, { certificates: { secretRef: { name: "edge" } } });
    const [entry, meet, matrix, chat] = hostsOf(namespace) as [string, string, string, string];
    expect((await told(namespace, "CertificateMissing")).message).toContain("Secret edge");

    await tlsSecret(namespace, "edge", await issue([entry, matrix]));
    const { message } = await told(namespace, "CertificateForOtherHosts", 15 * SECONDS);
    expect(message).toBe(`The certificate in Secret edge is not for ${meet}, ${chat}; it is for ${entry}, ${matrix}.`);

    await tlsSecret(namespace, "edge", await issue([`*.${namespace}.example`], true));
    await told(namespace, "CertificateExpired", 15 * SECONDS);
    expect((await hand.status(namespace)).nextStep).toContain("Renew it.");

    await tlsSecret(namespace, "edge", { ...(await issue([`*.${namespace}.example`])), key: authority.key });
    await told(namespace, "CertificateUnusable", 15 * SECONDS);

    await tlsSecret(namespace, "edge", await issue([`*.${namespace}.example`]));
    await told(namespace, "External", 15 * SECONDS);
  });

  it("is nobody's matter where TLS ends elsewhere", async () => {
    const namespace = await hand.namespace();
    await hand.practice(namespace, { certificates: { external: {} } });
    expect((await told(namespace, "External")).status).toBe("True");
  });
});

describe("a certificate by ACME", () => {
  const acme = () => ({ certificates: { acme: { email: "office@greenriver.example", server: pebble.directory } } });

  it("tells the words of an authority that refuses", async () => {
    const namespace = await hand.namespace();
    await hand.practice(namespace, { ...acme(), domain: `${namespace}.refused.example` });
    const { message } = await told(namespace, "CertificateFailed");
    expect(message).toContain(`go.${namespace}.refused.example`);
    expect(message).toMatch(/rejectedIdentifier/);
    expect((await hand.status(namespace)).nextStep).toContain("delete the CertificateRequest");
  });

  it("tells for each host why it is not proven, without any token", async () => {
    const namespace = await hand.namespace();
    await hand.practice(namespace, acme());
    const look = async () => {
      const { message } = await told(namespace, "CertificateIssuing", SECONDS);
      const about = message.split("About ")[1] ?? "";
      expect(hostsOf(namespace).filter((host) => !about.includes(host))).toEqual([]);
      // Each challenge says so as soon as it was looked at; before, only that it waits.
      expect(message).toMatch(/failed to perform self check GET request .*connection refused/);
      return message;
    };
    const message = await waitFor(look, { timeout: 60 * SECONDS, what: "what the challenges say" });
    const challenges = await hand.list(RESOURCES.Challenge, namespace);
    const tokens = challenges.map((challenge) => (challenge["spec"] as { token: string }).token);
    expect(tokens).toHaveLength(4);
    for (const token of tokens) expect(message).not.toContain(token);
    // The pods that answer were let in under `restricted`, and nobody takes them for strangers.
    const solvers = async () =>
      (await hand.names(RESOURCES.Pod, namespace)).filter((pod) => pod.startsWith("cm-acme-http-solver-"));
    await expect.poll(solvers, { timeout: 30 * SECONDS }).toHaveLength(4);
    await hand.expectReason(namespace, "NetworkIsolated", "NotProbed");
  });

  it("tells when the ACME server cannot be reached", async () => {
    const namespace = await hand.namespace();
    const nobody = { email: "office@greenriver.example", server: "https://127.0.0.1:1/dir" };
    await hand.practice(namespace, { certificates: { acme: nobody } });
    const { message } = await told(namespace, "IssuerNotReady");
    expect(message).toContain(`The Issuer ${NAME}-issuer is not ready. It says:`);
    expect(message).toContain("connection refused");
  });
});
