import { describe, expect, it } from "vitest";
import { INGRESS_ANNOTATIONS, MEDIA_ANNOTATIONS, refusedAnnotations } from "../../src/practice/annotations.ts";

describe("refusedAnnotations", () => {
  it.each([
    "nginx.ingress.kubernetes.io/configuration-snippet",
    "nginx.ingress.kubernetes.io/server-snippet",
    "nginx.ingress.kubernetes.io/mirror-target",
    "nginx.ingress.kubernetes.io/upstream-vhost",
    "nginx.ingress.kubernetes.io/auth-url",
    "haproxy.org/backend-config-snippet",
    "traefik.ingress.kubernetes.io/router.middlewares",
    "alb.ingress.kubernetes.io/load-balancer-attributes",
    "alb.ingress.kubernetes.io/actions.other",
    "constructor",
  ])("refuses %s, and says what to do", (key) => {
    const [refused] = refusedAnnotations({ [key]: "x" }, INGRESS_ANNOTATIONS, []);
    expect(refused?.key).toBe(key);
    expect(refused?.message).toContain("allowedAnnotations");
  });

  it("refuses access logs of a load balancer, which would hold patients' addresses", () => {
    const key = "service.beta.kubernetes.io/aws-load-balancer-access-log-enabled";
    expect(refusedAnnotations({ [key]: "true" }, MEDIA_ANNOTATIONS, [])).toHaveLength(1);
  });

  it("takes only known values where others could do harm", () => {
    const scheme = (value: string) => ({ "alb.ingress.kubernetes.io/scheme": value });
    expect(refusedAnnotations(scheme("internal"), INGRESS_ANNOTATIONS, [])).toEqual([]);
    expect(refusedAnnotations(scheme("other"), INGRESS_ANNOTATIONS, [])).toEqual([
      { key: "alb.ingress.kubernetes.io/scheme", message: "may only be internal or internet-facing." },
    ]);
  });

  it("takes what the operator allows in this cluster", () => {
    expect(refusedAnnotations({ "example.com/a": "b" }, INGRESS_ANNOTATIONS, ["example.com/a"])).toEqual([]);
  });
});
