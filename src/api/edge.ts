import { z } from "zod";
import { annotations, email, fields, httpsUrl, labelName, objectName, reference } from "./fields.ts";
import { exactlyOne, ruled } from "./rules.ts";

/** How patients and staff reach a practice: certificates and exposure. Also the shape of the operator's defaults. */

const NOTHING = "Has no fields of its own.";

export const certificatesSchema = ruled(
  fields({
    issuerRef: fields({
      name: objectName().describe("The issuer's name."),
      kind: z.enum(["Issuer", "ClusterIssuer"]).default("ClusterIssuer").describe("Issuer or ClusterIssuer."),
      group: objectName().default("cert-manager.io").describe("API group of the issuer, for external issuers."),
    })
      .optional()
      .describe("An issuer of cert-manager that exists already. Right for many practices in one cluster."),
    acme: fields({
      email: email().describe("Where the certificate authority writes to when a certificate is about to expire."),
      server: httpsUrl()
        .default("https://acme-v02.api.letsencrypt.org/directory")
        .describe("Directory of the ACME server; Let's Encrypt by default."),
    })
      .optional()
      .describe("An account of this practice's own at an ACME server; proven by HTTP-01 through its own exposure."),
    secretRef: reference("A Secret of type kubernetes.io/tls in this namespace that covers all four hosts.").optional(),
    external: fields({})
      .optional()
      .describe(`TLS ends before it reaches the practice (a cloud load balancer, a shared Gateway). ${NOTHING}`),
  }),
  [exactlyOne(["issuerRef", "acme", "secretRef", "external"])],
);

export const exposureSchema = ruled(
  fields({
    ingress: fields({
      className: objectName().optional().describe("IngressClass; the cluster's default when absent."),
      annotations: annotations()
        .optional()
        .describe("For the Ingress. Only keys that cannot change what is served; the others are refused by name."),
    })
      .optional()
      .describe("Through an ingress controller."),
    gateway: fields({
      className: objectName().describe("GatewayClass of the practice's own Gateway."),
    })
      .optional()
      .describe("Through a Gateway of the practice's own, with one listener per host."),
    parentRef: fields({
      name: objectName().describe("The Gateway's name."),
      namespace: labelName().describe("The Gateway's namespace."),
      sectionName: labelName().optional().describe("One listener of it; all when absent."),
      listenerSet: z
        .boolean()
        .default(false)
        .describe("Bring listeners with the practice's own certificate along, as a ListenerSet (Gateway API 1.5)."),
    })
      .optional()
      .describe("Through a Gateway that others run. Without listenerSet its owner does TLS: certificates.external."),
    service: fields({
      type: z.enum(["ClusterIP", "NodePort"]).default("ClusterIP").describe("Type of the Service of the front pod."),
    })
      .optional()
      .describe("Plain HTTP for a reverse proxy of your own, which does TLS: certificates.external."),
  }),
  [exactlyOne(["ingress", "gateway", "parentRef", "service"])],
);

export type CertificatesSpec = z.output<typeof certificatesSchema>;
export type ExposureSpec = z.output<typeof exposureSchema>;
