import { describe, expect, it } from "vitest";
import { bridge } from "../../../src/components/bridge/bridge.ts";
import { mediaService } from "../../../src/components/bridge/media.ts";
import type { Media, Observed } from "../../../src/practice/practice.ts";
import { someParams, somePractice } from "../../support/practice.ts";

const kinds = (params = someParams()) => bridge.build(params).map((object) => object.kind);

const withMedia = (changes: Partial<Media>) => {
  const { video } = somePractice();
  return somePractice({ video: { ...video, media: { ...video.media, ...changes } } });
};

describe("the media Service", () => {
  it("has one number everywhere when nodes may use it", () => {
    expect(mediaService(withMedia({ port: 30_080 })).spec).toMatchObject({
      type: "LoadBalancer",
      externalTrafficPolicy: "Local",
      ipFamilyPolicy: "PreferDualStack",
      ports: [{ protocol: "UDP", port: 30_080, nodePort: 30_080, targetPort: "media" }],
    });
  });

  it("leaves the nodes' port to the cluster when its own is out of their range", () => {
    const [port] = mediaService(withMedia({ port: 443 })).spec?.ports ?? [];
    expect(port).toMatchObject({ port: 443, targetPort: "media" });
    expect(port).not.toHaveProperty("nodePort");
  });

  it("passes annotations and the class on, the class only to a load balancer", () => {
    const changes = { annotations: { "example.com/pool": "a" }, loadBalancerClass: "example.com/lb" };
    expect(mediaService(withMedia(changes))).toMatchObject({
      metadata: { annotations: changes.annotations },
      spec: { loadBalancerClass: "example.com/lb" },
    });
    expect(mediaService(withMedia({ ...changes, service: "NodePort" })).spec).not.toHaveProperty("loadBalancerClass");
  });
});

describe("the bridge", () => {
  it("waits for an address, and the Service that gets it is there", () => {
    const params = someParams({ observed: { mediaAddresses: [] } });
    expect(bridge.awaits?.(params).map((a) => a.reason)).toEqual(["AddressAwaited"]);
    expect(kinds(params)).toEqual(["ServiceAccount", "Service"]);
  });

  it("waits for an address of its own family, and advertises no other", () => {
    const mediaAddresses = [{ ip: "2001:db8::7", port: 30_080 }];
    const params = someParams({ observed: { mediaAddresses } });
    const [awaited] = bridge.awaits?.(params) ?? [];
    expect(awaited?.reason).toBe("AddressUnusable");
    expect(awaited?.message).toContain("IPv4 only, so clients would not reach it at 2001:db8::7");
    const both = [{ ip: "203.0.113.7", port: 30_080 }, ...mediaAddresses];
    const built = JSON.stringify(bridge.build(someParams({ observed: { mediaAddresses: both } })));
    expect(built).toContain("203.0.113.7");
    expect(built).not.toContain("2001:db8::7");
  });

  it("has Java look for IPv6 where that is the second address, and there only", () => {
    const both = [
      { ip: "203.0.113.7", port: 30_080 },
      { ip: "2001:db8::7", port: 30_080 },
    ];
    const built = (mediaFamilies: Observed["mediaFamilies"], mediaAddresses = both) =>
      JSON.stringify(bridge.build(someParams({ observed: { mediaAddresses, mediaFamilies } })));
    expect(built(["IPv4", "IPv6"])).toContain("-Djava.net.preferIPv6Addresses=true");
    expect(built(["IPv4", "IPv6"], both.slice(0, 1))).not.toContain("preferIPv6");
    expect(built(["IPv6", "IPv4"])).not.toContain("preferIPv6");
    expect(built(["IPv6"])).not.toContain("preferIPv6");
  });

  it("waits for cert-manager", () => {
    const params = someParams({ observed: { apis: { certManager: false, gateway: true, cloudNativePG: false } } });
    expect(bridge.awaits?.(params).map((a) => a.reason)).toEqual(["CertManagerMissing"]);
    expect(kinds(params)).not.toContain("StatefulSet");
  });

  it("is complete when both are there", () => {
    expect(bridge.awaits?.(someParams())).toEqual([]);
    expect(kinds()).toEqual(["ServiceAccount", "Service", "ConfigMap", "StatefulSet"]);
  });

  it("has a wall with one door for everybody, and none to anything but signalling and DNS", () => {
    const walls = bridge.walls?.(someParams());
    expect(walls?.listens).toEqual([{ port: 30_080, protocol: "UDP", from: { kind: "anybody" } }]);
    expect(walls?.talksTo.map(({ to }) => (to.kind === "role" ? to.role : to.kind))).toEqual([
      "signalling",
      "dns",
      "dns",
    ]);
  });

  it("takes the trust store but not the private key, and keeps its password out of files", () => {
    const [, , files, set] = bridge.build(someParams());
    const pod = JSON.stringify(set?.spec);
    expect(pod).toContain('"items":[{"key":"truststore.p12","path":"truststore.p12"}]');
    expect(pod).not.toContain("tls.key");
    expect(JSON.stringify(files?.data)).toContain("${JVB_PASSWORD}");
  });
});
