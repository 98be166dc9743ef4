/**
 * Implementations of Gateway API whose proxies run outside of the namespace of a Gateway, by the `controllerName` of
 * their GatewayClass, as their own documentation has it. All others (Istio, NGINX Gateway Fabric, kgateway, provisioned
 * Contour, …) start a proxy next to the Gateway: in a practice it would stand behind the walls, cut off from its own
 * control plane, and with an image that is not the practice's.
 */
const ELSEWHERE: ReadonlySet<string> = new Set([
  "gateway.envoyproxy.io/gatewayclass-controller", // in envoy-gateway-system, unless told otherwise
  "traefik.io/gateway-controller",
  "haproxy-ingress.github.io/controller",
  "io.cilium/gateway-controller", // the agents of the nodes
  "konghq.com/kic-gateway-controller",
  "networking.gke.io/gateway",
  "gateway.k8s.aws/alb",
  "alb.networking.azure.io/alb-controller",
]);

/** What classes are called as a rule; for operators that may not read them. */
const BY_CLASS: Readonly<Record<string, string>> = {
  eg: "gateway.envoyproxy.io/gatewayclass-controller",
  "envoy-gateway": "gateway.envoyproxy.io/gatewayclass-controller",
  traefik: "traefik.io/gateway-controller",
  haproxy: "haproxy-ingress.github.io/controller",
  cilium: "io.cilium/gateway-controller",
  kong: "konghq.com/kic-gateway-controller",
  istio: "istio.io/gateway-controller",
  nginx: "gateway.nginx.org/nginx-gateway-controller",
  kgateway: "kgateway.dev/kgateway",
};

/**
 * Whether a practice can have a Gateway of its own of this class; otherwise why not, as a sentence with the next step.
 * @param controllerName of the GatewayClass; absent when it is not there or cannot be read, and then its name decides
 */
export function unfitGateway(className: string, controllerName: string | undefined): string | undefined {
  const controller = controllerName ?? BY_CLASS[className];
  // A class that is not there yet can still become one that fits.
  if (controller === undefined || ELSEWHERE.has(controller)) return undefined;
  return (
    `spec.exposure.gateway: class ${className} belongs to ${controller}, which is not known to keep its proxies out of the ` +
    "practice's namespace, where walls would cut them off. Use spec.exposure.parentRef with a Gateway in a namespace of its own."
  );
}
