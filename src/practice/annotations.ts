/**
 * The annotations that a practice may put on its Ingress and its media Service: exact keys that say where something
 * is reached. Everything else is refused, because on common controllers an annotation can inject script, mirror
 * traffic, change the back end or write access logs with patients' addresses.
 */

/** `undefined`: any value. */
type Allowed = Readonly<Record<string, readonly string[] | undefined>>;

const EXTERNAL_DNS: Allowed = {
  "external-dns.alpha.kubernetes.io/hostname": undefined,
  "external-dns.alpha.kubernetes.io/ttl": undefined,
};

export const INGRESS_ANNOTATIONS: Allowed = {
  ...EXTERNAL_DNS,
  "alb.ingress.kubernetes.io/group.name": undefined,
  "alb.ingress.kubernetes.io/scheme": ["internal", "internet-facing"],
  "alb.ingress.kubernetes.io/target-type": ["ip", "instance"],
  "alb.ingress.kubernetes.io/certificate-arn": undefined,
  "alb.ingress.kubernetes.io/listen-ports": undefined,
};

export const MEDIA_ANNOTATIONS: Allowed = {
  ...EXTERNAL_DNS,
  "metallb.io/address-pool": undefined,
  "metallb.io/loadBalancerIPs": undefined,
  "metallb.io/allow-shared-ip": undefined,
  "lbipam.cilium.io/ips": undefined,
  "service.beta.kubernetes.io/aws-load-balancer-scheme": ["internal", "internet-facing"],
  "service.beta.kubernetes.io/aws-load-balancer-type": ["external", "nlb"],
  "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type": ["ip", "instance"],
  "service.beta.kubernetes.io/aws-load-balancer-subnets": undefined,
  "service.beta.kubernetes.io/aws-load-balancer-eip-allocations": undefined,
  "service.beta.kubernetes.io/azure-load-balancer-internal": ["true", "false"],
  "service.beta.kubernetes.io/azure-load-balancer-resource-group": undefined,
  "networking.gke.io/load-balancer-type": ["Internal"],
  "networking.gke.io/load-balancer-ip-addresses": undefined,
  "load-balancer.hetzner.cloud/location": undefined,
};

/**
 * What is wrong with each refused annotation, by key.
 * @param alsoAllowed keys that the operator's options allow in this cluster, with any value.
 */
export function refusedAnnotations(
  annotations: Readonly<Record<string, string>>,
  allowed: Allowed,
  alsoAllowed: readonly string[],
): readonly { readonly key: string; readonly message: string }[] {
  return Object.entries(annotations).flatMap(([key, value]) => {
    if (alsoAllowed.includes(key)) return [];
    if (!Object.hasOwn(allowed, key)) return [{ key, message: NOT_LISTED }];
    const values = allowed[key];
    if (!values || values.includes(value)) return [];
    return [{ key, message: `may only be ${values.join(" or ")}.` }];
  });
}

const NOT_LISTED =
  "is not an annotation that a practice may set, because some change what is served or log who calls. " +
  "Remove it, or have the cluster's operator add it to the option allowedAnnotations.";
