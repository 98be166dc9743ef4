import { describe, expect, it } from "vitest";
import { unfitGateway } from "../../src/practice/gateways.ts";

describe("a Gateway of a practice's own", () => {
  it.each([
    "gateway.envoyproxy.io/gatewayclass-controller",
    "traefik.io/gateway-controller",
    "networking.gke.io/gateway",
  ])("fits %s, whose proxies run elsewhere", (controller) => {
    expect(unfitGateway("any", controller)).toBeUndefined();
  });

  it.each([
    ["istio", undefined],
    ["nginx", undefined],
    ["mine", "istio.io/gateway-controller"],
    ["traefik", "example.com/nobody-knows"],
  ])("does not fit class %s of %s, and the sentence says what does", (name, controller) => {
    expect(unfitGateway(name, controller)).toContain("spec.exposure.parentRef");
    expect(unfitGateway(name, controller)).toContain(`class ${name} belongs to`);
  });

  it("is not refused for a class that is not there yet", () => {
    expect(unfitGateway("mine", undefined)).toBeUndefined();
  });
});
