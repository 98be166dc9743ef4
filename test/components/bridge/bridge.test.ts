import type { IStatefulSet } from "kubernetes-models/apps/v1";
import { describe, expect, it } from "vitest";
import { bridge } from "../../../src/components/bridge/bridge.ts";
import { mediaService } from "../../../src/components/bridge/media.ts";
import type { Media, Observed } from "../../../src/practice/practice.ts";
import { stunOptions } from "../../../src/stun/options.ts";
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
      ports: [
        { protocol: "UDP", port: 30_080, nodePort: 30_080, targetPort: "media" },
        { protocol: "UDP", port: 30_081, nodePort: 30_081, targetPort: "stun" },
      ],
    });
  });

  it("leaves the nodes' port to the cluster when its own is out of their range", () => {
    const ports = mediaService(withMedia({ port: 443 })).spec?.ports ?? [];
    expect(ports.map(({ port, targetPort }) => [port, targetPort])).toEqual([
      [443, "media"],
      [444, "stun"],
    ]);
    expect(ports.filter((port) => "nodePort" in port)).toEqual([]);
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

  it("has a wall with a door for media and one for trials, and none to anything but signalling and DNS", () => {
    const walls = bridge.walls?.(someParams());
    const listens = (port: number) => ({ port, protocol: "UDP", from: { kind: "anybody" } });
    expect(walls?.listens).toEqual([listens(30_080), listens(30_081)]);
    expect(walls?.talksTo.map(({ to }) => (to.kind === "role" ? to.role : to.kind))).toEqual([
      "signalling",
      "dns",
      "dns",
    ]);
  });

  it.each([443, 1023, 1024, 9_999, 30_080, 65_534])("has its responder at the next port in its pod for %i", (port) => {
    const params = someParams({ practice: withMedia({ port }) });
    const set = bridge.build(params).at(-1) as unknown as IStatefulSet;
    const [jvb, stun] = set.spec?.template?.spec?.containers ?? [];
    const [media] = jvb?.ports ?? [];
    const at = Number(media?.containerPort) + 1;
    expect(stun?.ports).toEqual([{ name: "stun", containerPort: at, protocol: "UDP" }]);
    expect(stunOptions(Object.fromEntries((stun?.env ?? []).map(({ name, value }) => [name, value]))).port).toBe(at);
    expect(at).toBeGreaterThan(1024);
    expect(bridge.walls?.(params).listens.map((edge) => edge.port)).toEqual([media?.containerPort, at]);
  });

  it("gives its responder nothing to lose: no file, no secret, no probe, and only a pause before its end", () => {
    const set = bridge.build(someParams()).at(-1) as unknown as IStatefulSet;
    const stun = set.spec?.template?.spec?.containers.find(({ name }) => name === "stun");
    expect(Object.keys(stun ?? {}).toSorted()).toEqual(
      [
        "name",
        "image",
        "imagePullPolicy",
        "command",
        "env",
        "lifecycle",
        "ports",
        "resources",
        "securityContext",
      ].toSorted(),
    );
    expect(stun?.lifecycle).toEqual({ preStop: { sleep: { seconds: 5 } } });
    expect(JSON.stringify(stun?.env)).not.toMatch(/secret/i);
  });

  it("takes the trust store but not the private key, and keeps its password out of files", () => {
    const [, , files, set] = bridge.build(someParams());
    const pod = JSON.stringify(set?.spec);
    expect(pod).toContain('"items":[{"key":"truststore.p12","path":"truststore.p12"}]');
    expect(pod).not.toContain("tls.key");
    expect(JSON.stringify(files?.data)).toContain("${JVB_PASSWORD}");
  });
});
