import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LABEL } from "../../src/api/group.ts";
import type { LiveObject } from "../../src/manifest.ts";
import type { Hosts } from "../../src/practice/practice.ts";
import { RESOURCES, type Resource } from "../../src/runtime/resources.ts";
import { type Front, startFront } from "../apps/support/front.ts";
import { closedPaths, ELEMENT, openPaths, PAGES } from "../apps/support/front-paths.ts";
import { provisionCertManager, startCertManager } from "../bed/cert-manager.ts";
import type { ControlPlane } from "../bed/control-plane.ts";
import { GATEWAY_CLASS, INGRESS_CLASS, type IngressController, startIngress } from "../bed/ingress.ts";
import { freePort } from "../bed/ports.ts";
import { waitFor } from "../bed/wait.ts";
import { type RunningOperator, startOperator } from "../support/operator.ts";
import { type Hand, startOwnCluster } from "../support/own-cluster.ts";
import { someParams } from "../support/practice.ts";
import { startSocks } from "../support/socks.ts";
import { visitor } from "../support/visitor.ts";

/**
 * From a visitor to what is behind the front: haproxy-ingress and HAProxy on the objects that the operator made, with
 * the certificate that cert-manager issued, and nginx on the rendered files. The pods' addresses are simulated.
 */

const CLUSTER_ISSUER: Resource = {
  group: "cert-manager.io",
  version: "v1",
  kind: "ClusterIssuer",
  plural: "clusterissuers",
  namespaced: false,
};
const ENDPOINT_SLICE: Resource = {
  group: "discovery.k8s.io",
  version: "v1",
  kind: "EndpointSlice",
  plural: "endpointslices",
  namespaced: true,
};
const NAME = "greenriver";
/** HAProxy refuses an upgrade without them. */
const KEY = { "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-version": "13" };

let plane: ControlPlane;
let hand: Hand;
let operator: RunningOperator;
let ingress: IngressController;
let socks: Awaited<ReturnType<typeof startSocks>>;
let authority: string;

beforeAll(async () => {
  ({ plane, hand } = await startOwnCluster(["cert-manager", "gateway-api"]));
  socks = await startSocks();
  [ingress] = await Promise.all([
    // As docs/walls.md says: with its own HSTS it would replace ours by a shorter one.
    startIngress(plane, { hsts: "false", "config-defaults": `default-server socks4 127.0.0.1:${socks.port}` }),
    startCertManager(plane, { gateway: true }),
  ]);
  await makeAuthority();
  operator = await startOperator(plane.kubeconfig);
}, 400_000);

afterAll(async () => {
  await operator?.stop();
  await hand?.close();
  await socks?.stop();
  await plane?.stop();
});

async function makeAuthority() {
  const api = { apiVersion: "cert-manager.io/v1" };
  const clusterIssuer = (name: string, spec: object) => ({ ...api, kind: "ClusterIssuer", metadata: { name }, spec });
  await hand.create(CLUSTER_ISSUER, clusterIssuer("self", { selfSigned: {} }));
  await hand.create(RESOURCES.Certificate, {
    ...api,
    kind: "Certificate",
    metadata: { name: "ca", namespace: "cert-manager" },
    spec: { isCA: true, commonName: "ca", secretName: "ca", issuerRef: { name: "self", kind: "ClusterIssuer" } },
  });
  await hand.create(CLUSTER_ISSUER, clusterIssuer("ca", { ca: { secretName: "ca" } }));
  const read = () => hand.get(RESOURCES.Secret, { namespace: "cert-manager", name: "ca" });
  const secret = await waitFor(read, { timeout: 60_000, what: "the authority" });
  const { "tls.crt": encoded = "" } = secret["data"] as Record<string, string>;
  authority = Buffer.from(encoded, "base64").toString();
}

/** A practice that has come up, with nginx in the place of its front pod. */
async function practice(exposure: object): Promise<{ namespace: string; hosts: Hosts; front: Front }> {
  const namespace = await hand.namespace();
  await hand.practice(namespace, { exposure, certificates: { issuerRef: { name: "ca" } } });
  await hand.mediaAddress(namespace);
  const domain = `${namespace}.example`;
  const hosts = { entry: `go.${domain}`, meet: `meet.${domain}`, matrix: `matrix.${domain}`, chat: `chat.${domain}` };
  const front = await startFront(someParams({ practice: { hosts } }), { pages: PAGES, element: ELEMENT });
  await hand.expectReason(namespace, "Ready", "Ready", NAME, 90_000);
  const pods = await hand.list(RESOURCES.Pod, namespace);
  const pod = pods.find(({ metadata }) => metadata.labels?.[LABEL.role] === "front") as LiveObject;
  socks.lead(`${(pod["status"] as { podIP: string }).podIP}:8080`, front.port);
  const knock = visitor(ingress, authority);
  // Each host has a route of its own, and the controller sees one after the other.
  const answers = async (host: string) => (await knock.ask(host, "/.well-known/nothing")).status > 0;
  const open = async () => (await Promise.all(Object.values(hosts).map(answers))).every(Boolean);
  await waitFor(open, { timeout: 60_000, what: `the front door of ${namespace} to open` });
  return { namespace, hosts, front };
}

/** What cert-manager makes while it proves a host, with its real solver in the place of the pod. */
async function solve(namespace: string, host: string, exposure: object) {
  const programs = await provisionCertManager();
  const port = await freePort();
  plane.group.start("acmesolver", join(programs, "acmesolver"), [
    `--listen-port=${port}`,
    `--domain=${host}`,
    "--token=token-of-a-challenge",
    "--key=key-of-a-challenge",
  ]);
  const address = "10.77.200.1";
  socks.lead(`${address}:8089`, port);
  const metadata = { name: "cm-acme-http-solver", namespace };
  const path = "/.well-known/acme-challenge/token-of-a-challenge";
  await hand.create(RESOURCES.Service, {
    apiVersion: "v1",
    kind: "Service",
    metadata,
    spec: { ports: [{ name: "http", port: 8089, targetPort: 8089 }] },
  });
  await hand.create(ENDPOINT_SLICE, {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { ...metadata, labels: { "kubernetes.io/service-name": metadata.name } },
    addressType: "IPv4",
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports: [{ name: "http", port: 8089, protocol: "TCP" }],
  });
  const backend = { service: { name: metadata.name, port: { number: 8089 } } };
  const [resource, route] =
    "ingress" in exposure
      ? ([
          RESOURCES.Ingress,
          {
            apiVersion: "networking.k8s.io/v1",
            kind: "Ingress",
            metadata,
            spec: {
              ingressClassName: INGRESS_CLASS,
              rules: [{ host, http: { paths: [{ path, pathType: "ImplementationSpecific", backend }] } }],
            },
          },
        ] as const)
      : ([
          RESOURCES.HTTPRoute,
          {
            apiVersion: "gateway.networking.k8s.io/v1",
            kind: "HTTPRoute",
            metadata,
            spec: {
              parentRefs: [{ name: `${NAME}-gateway`, namespace, sectionName: "http" }],
              hostnames: [host],
              rules: [
                {
                  matches: [{ path: { type: "Exact", value: path } }],
                  backendRefs: [{ name: metadata.name, port: 8089, weight: 1 }],
                },
              ],
            },
          },
        ] as const);
  await hand.create(resource, route);
  return { remove: () => hand.remove(resource, metadata) };
}

const asked = (front: Front) =>
  (["signalling", "synapse", "entry"] as const).reduce((sum, name) => sum + front.asked(name).length, 0);

const WAYS: readonly (readonly [string, object])[] = [
  ["an Ingress", { ingress: { className: INGRESS_CLASS } }],
  ["a Gateway of its own", { gateway: { className: GATEWAY_CLASS } }],
];

describe.each(WAYS)("through %s", (_, exposure) => {
  let namespace: string;
  let hosts: Hosts;
  let front: Front;
  const from = () => visitor(ingress, authority);

  beforeAll(async () => {
    ({ namespace, hosts, front } = await practice(exposure));
  }, 240_000);
  afterAll(() => front?.stop());

  it("each open path answers, under the host's own certificate", async () => {
    for (const [host, path, answer] of openPaths(hosts)) {
      const { status, body } = await from().ask(host, path);
      expect({ host, path, status, body }).toEqual({ host, path, status: 200, body: expect.stringContaining(answer) });
    }
  });

  it("every other path is 404, and nobody behind the front hears of it", async () => {
    const before = asked(front);
    const own: readonly string[] = Object.values(hosts);
    const open: string[] = [];
    for (const [host, path] of closedPaths(hosts)) {
      const { status } = await (own.includes(host) ? from().ask(host, path) : from().askAnyhow(host, path));
      if (status !== 404) open.push(`${status} ${host}${path}`);
    }
    expect(open).toEqual([]);
    expect(asked(front)).toBe(before);
  });

  it("a websocket passes, and a message with its token", async () => {
    const headers = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-protocol": "xmpp", ...KEY };
    expect((await from().ask(hosts.meet, "/xmpp-websocket?token=t", { headers })).status).toBe(101);
    expect(front.asked("signalling").at(-1)).toMatchObject({ method: "UPGRADE", url: "/xmpp-websocket?token=t" });
    const path = "/_matrix/client/v3/rooms/%21a%3Amatrix.example/send/m.room.encrypted/%2F?x=%20";
    const message = { method: "PUT", headers: { authorization: "Bearer b", "content-type": "application/json" } };
    expect((await from().ask(hosts.matrix, path, { ...message, body: "{}" })).status).toBe(200);
    expect(front.asked("synapse").at(-1)).toMatchObject({ method: "PUT", url: path, body: "{}" });
  });

  it("plain HTTP leads to HTTPS", async () => {
    for (const host of Object.values(hosts)) {
      const { status, headers } = await from().askInTheClear(host, "/s/link?a=b");
      expect([301, 302, 308]).toContain(status);
      expect(headers.location).toBe(`https://${host}/s/link?a=b`);
    }
  });

  it("a challenge is answered in the clear by whoever has to, and by nobody when it is over", async () => {
    const solver = await solve(namespace, hosts.meet, exposure);
    const ask = (token: string) => from().askInTheClear(hosts.meet, `/.well-known/acme-challenge/${token}`);
    const answered = async () => (await ask("token-of-a-challenge")).body === "key-of-a-challenge";
    await waitFor(answered, { timeout: 30_000, what: "the challenge to be answered" });
    await hand.expectReason(namespace, "NetworkIsolated", "NotProbed");
    await solver.remove();
    await waitFor(async () => !(await answered()), { timeout: 30_000, what: "the challenge to be over" });
  });

  it("TLS is 1.2 or 1.3", async () => {
    expect(await from().handshake(hosts.meet, "TLSv1.3")).toBe("TLSv1.3");
    expect(await from().handshake(hosts.meet, "TLSv1.2")).toBe("TLSv1.2");
    await expect(from().handshake(hosts.meet, "TLSv1.1")).rejects.toThrow(/alert|protocol|reset|unsupported/i);
  });

  it("browsers are told once never to come by plain HTTP", async () => {
    for (const [host, path] of openPaths(hosts)) {
      const { rawHeaders, headers } = await from().ask(host, path);
      expect(headers["strict-transport-security"]).toBe("max-age=63072000");
      const names = rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
      expect(names.filter((name) => name === "strict-transport-security")).toHaveLength(1);
    }
  });

  it("nobody behind it learns who asks, whatever the edge adds", async () => {
    await from().ask(hosts.entry, "/", { headers: { "x-forwarded-for": "198.51.100.23", "user-agent": "a phone" } });
    expect(JSON.stringify(front.asked("entry").at(-1))).not.toMatch(/198\.51\.100|127\.0\.0\.1|phone/);
  });
});

describe("a practice behind a door", () => {
  it("gets another front pod when a Service behind it comes back at another address", async () => {
    const namespace = await hand.namespace();
    await hand.practice(namespace, { exposure: { ingress: {} }, certificates: { external: {} } });
    await hand.mediaAddress(namespace);
    await hand.expectReason(namespace, "Ready", "Ready", NAME, 90_000);
    const front = async () => {
      const pods = await hand.list(RESOURCES.Pod, namespace);
      return pods.filter(({ metadata }) => metadata.labels?.[LABEL.serves] === "front" && !metadata.deletionTimestamp);
    };
    const [before] = await front();
    // Kubernetes dates objects by the second.
    const born = Date.parse(before?.metadata.creationTimestamp ?? "");
    await waitFor(() => Date.now() > born + 2000, { what: "another second" });
    await hand.remove(RESOURCES.Service, { namespace, name: `${NAME}-synapse` });
    const replaced = async () => {
      const [now, another] = await front();
      return another === undefined && now !== undefined && now.metadata.uid !== before?.metadata.uid && now;
    };
    const after = await waitFor(replaced, { timeout: 60_000, what: "another front pod" });
    await hand.expectReason(namespace, "Ready", "Ready", NAME, 60_000);
    // And stays.
    await hand.patch(
      RESOURCES.Service,
      { namespace, name: `${NAME}-synapse` },
      { metadata: { labels: { seen: "x" } } },
    );
    await hand.expectReason(namespace, "Ready", "Ready", NAME, 60_000);
    expect((await front()).map(({ metadata }) => metadata.uid)).toEqual([after.metadata.uid]);
  });

  it("is told to use another Gateway where its own would need a proxy inside of the walls", async () => {
    await hand.create(RESOURCES.GatewayClass, {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "GatewayClass",
      metadata: { name: "mesh" },
      spec: { controllerName: "istio.io/gateway-controller" },
    });
    const namespace = await hand.namespace();
    await hand.practice(namespace, { exposure: { gateway: { className: "mesh" } }, certificates: { external: {} } });
    const { message } = await hand.expectReason(namespace, "Stalled", "UseParentRef", NAME, 60_000);
    expect(message).toContain("class mesh belongs to istio.io/gateway-controller");
    expect(await hand.names(RESOURCES.Gateway, namespace)).toEqual([]);
    await hand.practice(namespace, {
      exposure: { gateway: { className: GATEWAY_CLASS } },
      certificates: { external: {} },
    });
    await hand.mediaAddress(namespace);
    await hand.expectReason(namespace, "Ready", "Ready", NAME, 90_000);
  });
});
