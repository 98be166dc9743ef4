import type { IIngress } from "kubernetes-models/networking.k8s.io/v1";
import { LABEL } from "../api/group.ts";
import type { Manifest } from "../manifest.ts";
import type { Exposure, Host, Practice } from "../practice/practice.ts";
import type { Await, Component, Params } from "./component.ts";
import { FRONT_PORT } from "./front/nginx.ts";
import { hostsTlsSecret } from "./tls.ts";

const GATEWAY_GROUP = "gateway.networking.k8s.io";
const HOSTS: readonly Host[] = ["entry", "meet", "matrix", "chat"];

/**
 * How the edge of the cluster finds a practice: host to front pod, nothing more. Which paths exist is the front
 * pod's own matter, because controllers differ in how they read paths.
 */
export const exposure: Component = { name: "exposure", build, awaits };

function build({ practice, observed }: Params): readonly Manifest[] {
  const { exposure } = practice;
  if (exposure.kind === "ingress") return HOSTS.map((host) => ingress(practice, exposure, host));
  // With `service` the front pod's own Service is all there is.
  if (exposure.kind === "service" || !observed.apis.gateway) return [];
  return exposure.kind === "gateway" ? ownGateway(practice, exposure) : sharedGateway(practice, exposure);
}

function awaits({ practice, observed }: Params): readonly Await[] {
  const needsGateway = practice.exposure.kind === "gateway" || practice.exposure.kind === "parentRef";
  if (!needsGateway || observed.apis.gateway) return [];
  return [
    {
      component: "exposure",
      reason: "GatewayApiMissing",
      message:
        "The practice cannot be reached yet: Gateway API is not installed. Install it together with an implementation, or use spec.exposure.ingress.",
    },
  ];
}

/** One Ingress per host, so that each opens when what serves it is ready. */
function ingress(
  practice: Practice,
  exposure: Extract<Exposure, { kind: "ingress" }>,
  which: Host,
): Manifest & IIngress {
  const secretName = hostsTlsSecret(practice);
  const host = practice.hosts[which];
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: {
      ...routeMetadata(practice, which),
      ...(Object.keys(exposure.annotations).length > 0 && { annotations: { ...exposure.annotations } }),
    },
    spec: {
      ...(exposure.className && { ingressClassName: exposure.className }),
      ...(secretName && { tls: [{ hosts: [host], secretName }] }),
      rules: [
        {
          host,
          http: {
            paths: [
              {
                path: "/",
                pathType: "Prefix",
                backend: { service: { name: practice.names.front, port: { number: FRONT_PORT } } },
              },
            ],
          },
        },
      ],
    },
  };
}

function ownGateway(practice: Practice, { className }: { className: string }): readonly Manifest[] {
  const listeners = httpsListeners(practice);
  const gateway: Manifest = {
    apiVersion: `${GATEWAY_GROUP}/v1`,
    kind: "Gateway",
    metadata: metadata(practice.names.gateway),
    spec: {
      gatewayClassName: className,
      // Port 80 is there before any certificate: that is how the first one is proven.
      listeners: [{ name: "http", protocol: "HTTP", port: 80, allowedRoutes: SAME_NAMESPACE }, ...listeners],
    },
  };
  const parent = (sectionName: string) => ({
    group: GATEWAY_GROUP,
    kind: "Gateway",
    name: practice.names.gateway,
    sectionName,
  });
  if (listeners.length === 0) return [gateway, ...routes(practice, () => parent("http"))];
  return [gateway, ...routes(practice, parent), redirect(practice, parent("http"))];
}

function sharedGateway(practice: Practice, shared: Extract<Exposure, { kind: "parentRef" }>): readonly Manifest[] {
  const { name, namespace, sectionName } = shared;
  const gateway = { group: GATEWAY_GROUP, kind: "Gateway", name, namespace };
  const listeners = httpsListeners(practice);
  if (!shared.listenerSet || listeners.length === 0) {
    return routes(practice, () => ({ ...gateway, ...(sectionName && { sectionName }) }));
  }
  const listenerSet: Manifest = {
    apiVersion: `${GATEWAY_GROUP}/v1`,
    kind: "ListenerSet",
    metadata: metadata(practice.names.gateway),
    spec: { parentRef: gateway, listeners },
  };
  const parent = (sectionName: string) => ({
    group: GATEWAY_GROUP,
    kind: "ListenerSet",
    name: practice.names.gateway,
    sectionName,
  });
  return [listenerSet, ...routes(practice, parent)];
}

const SAME_NAMESPACE = { namespaces: { from: "Same" } };

/** One listener per host, named after it; none where TLS ends before the practice. */
function httpsListeners(practice: Practice) {
  const secretName = hostsTlsSecret(practice);
  if (!secretName) return [];
  return HOSTS.map((host) => ({
    name: host,
    hostname: practice.hosts[host],
    protocol: "HTTPS",
    port: 443,
    tls: { mode: "Terminate", certificateRefs: [{ group: "", kind: "Secret", name: secretName }] },
    allowedRoutes: SAME_NAMESPACE,
  }));
}

function routes(practice: Practice, parent: (host: Host) => object): readonly Manifest[] {
  return HOSTS.map((host) => ({
    apiVersion: `${GATEWAY_GROUP}/v1`,
    kind: "HTTPRoute",
    metadata: routeMetadata(practice, host),
    spec: {
      parentRefs: [parent(host)],
      hostnames: [practice.hosts[host]],
      rules: [
        {
          matches: [{ path: { type: "PathPrefix", value: "/" } }],
          backendRefs: [{ group: "", kind: "Service", name: practice.names.front, port: FRONT_PORT, weight: 1 }],
        },
      ],
    },
  }));
}

/**
 * Plain HTTP goes to HTTPS, but for challenges: cert-manager's route for one names its exact path, which by the
 * rules of Gateway API goes before any prefix.
 */
function redirect(practice: Practice, parent: object): Manifest {
  return {
    apiVersion: `${GATEWAY_GROUP}/v1`,
    kind: "HTTPRoute",
    metadata: metadata(practice.names.redirectRoute),
    spec: {
      parentRefs: [parent],
      hostnames: HOSTS.map((host) => practice.hosts[host]),
      rules: [
        {
          matches: [{ path: { type: "PathPrefix", value: "/" } }],
          filters: [{ type: "RequestRedirect", requestRedirect: { scheme: "https", statusCode: 301 } }],
        },
      ],
    },
  };
}

function routeMetadata(practice: Practice, host: Host) {
  return { name: practice.names.route(host), labels: { [LABEL.component]: "exposure", [LABEL.host]: host } };
}

function metadata(name: string) {
  return { name, labels: { [LABEL.component]: "exposure" } };
}
