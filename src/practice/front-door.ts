import type { Exposure, NetworkPeer } from "./practice.ts";

const pods = (matchLabels: Readonly<Record<string, string>>): NetworkPeer => ({
  namespaceSelector: {},
  podSelector: { matchLabels },
});

const name = (value: string) => pods({ "app.kubernetes.io/name": value });

/** Labels of the pods that knock, as the controllers' own charts and manifests set them. Namespaces differ by install. */
const TRAEFIK = [name("traefik")];
const HAPROXY = [name("kubernetes-ingress"), name("haproxy-ingress")];
const NGINX = [name("ingress-nginx"), name("nginx-ingress")];
const CONTOUR = [pods({ app: "envoy" }), name("contour")];
const ENVOY_GATEWAY = [
  pods({ "app.kubernetes.io/managed-by": "envoy-gateway", "app.kubernetes.io/component": "proxy" }),
];
const ISTIO = [
  pods({ istio: "ingressgateway" }),
  {
    namespaceSelector: {},
    podSelector: { matchExpressions: [{ key: "gateway.networking.k8s.io/gateway-name", operator: "Exists" }] },
  },
];

const BY_CLASS: Readonly<Record<string, readonly NetworkPeer[]>> = {
  traefik: TRAEFIK,
  haproxy: HAPROXY,
  nginx: NGINX,
  contour: CONTOUR,
  eg: ENVOY_GATEWAY,
  "envoy-gateway": ENVOY_GATEWAY,
  istio: ISTIO,
};

/**
 * Who knocks at the front pod, as far as the class's name tells. Empty when it does not (Cilium's ingress is no pod,
 * cloud load balancers come from subnets, a shared Gateway may be anybody's): then any source may, to front only.
 */
export function frontDoorOf(exposure: Exposure): readonly NetworkPeer[] {
  if (exposure.kind !== "ingress" && exposure.kind !== "gateway") return [];
  return (exposure.className !== undefined && BY_CLASS[exposure.className]) || [];
}
