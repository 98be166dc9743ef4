import { describe, expect, it } from "vitest";
import { mediaOf } from "../../src/controller/media.ts";
import type { Sources } from "../../src/controller/observe.ts";
import type { Media } from "../../src/practice/practice.ts";
import { RESOURCES } from "../../src/runtime/resources.ts";
import { memoryCluster } from "../support/memory-cluster.ts";
import { somePractice } from "../support/practice.ts";

const PORT = 30_080;
const BOTH = ["IPv4", "IPv6"];

/** A cluster with one media Service, and with nodes where they may be read. */
function sources(service: object | undefined, nodes?: readonly string[]): Sources {
  const node = (address: string) => ({ status: { addresses: [{ type: "InternalIP", address }] } });
  return {
    cluster: memoryCluster(),
    lookup: async () => ["198.51.100.9", "2001:db8::9"],
    cache: {
      get: () => service,
      list: () => (nodes ?? []).map(node),
      serves: (resource: object) => resource !== RESOURCES.Node || nodes !== undefined,
    } as unknown as Sources["cache"],
  };
}

function practice(changes: Partial<Media> = {}) {
  const { video } = somePractice();
  return somePractice({ video: { ...video, media: { ...video.media, ...changes } } });
}

const balanced = (ingress: readonly object[], ipFamilies = BOTH) => ({
  spec: { ipFamilies },
  status: { loadBalancer: { ingress } },
});
const ips = (found: { mediaAddresses: readonly { ip: string }[] }) => found.mediaAddresses.map(({ ip }) => ip);

describe("the media address behind a load balancer", () => {
  it("is its address of either family, or what its name leads to, each once and in order", async () => {
    const found = await mediaOf(
      sources(balanced([{ ip: "203.0.113.7" }, { hostname: "lb.example" }, { ip: "198.51.100.9" }])),
      practice(),
    );
    expect(ips(found)).toEqual(["198.51.100.9", "2001:db8::9", "203.0.113.7"]);
    expect(found.mediaFamilies).toEqual(BOTH);
    expect(found.mediaProblem).toBeUndefined();
  });

  it("is not one that does not open our port; the Service, its word and the field are named", async () => {
    const taken = { ip: "203.0.113.7", ports: [{ port: PORT, protocol: "UDP", error: "PortInUse" }] };
    const found = await mediaOf(sources(balanced([taken])), practice());
    expect(ips(found)).toEqual([]);
    expect(found.mediaProblem?.reason).toBe("PortTaken");
    for (const part of ["greenriver-media", `${PORT}: PortInUse`, "spec.video.media.port"])
      expect(found.mediaProblem?.message).toContain(part);
  });

  it("is still the bridge's when only the port of trials is refused, and that is told", async () => {
    const taken = { ip: "203.0.113.7", ports: [{ port: PORT + 1, protocol: "UDP", error: "PortInUse" }] };
    const found = await mediaOf(sources(balanced([taken])), practice());
    expect(ips(found)).toEqual(["203.0.113.7"]);
    expect(found.mediaProblem?.message).toContain(`UDP port ${PORT + 1}: PortInUse`);
  });

  it("is nothing to worry about when another port has an error", async () => {
    const other = { ip: "203.0.113.7", ports: [{ port: PORT, protocol: "TCP", error: "PortInUse" }] };
    expect((await mediaOf(sources(balanced([other])), practice())).mediaProblem).toBeUndefined();
  });

  it("is as stated, whatever the cluster says", async () => {
    const addresses = [{ ip: "192.0.2.1", port: 443 }];
    const found = await mediaOf(sources(balanced([{ ip: "203.0.113.7" }])), practice({ addresses }));
    expect(found.mediaAddresses).toEqual(addresses);
  });
});

describe("the media address at nodes", () => {
  const nodes = ["10.0.0.2", "fd00::2", "10.0.0.1"];

  it("is of the families that the Service has", async () => {
    const media = practice({ service: "NodePort" });
    expect(ips(await mediaOf(sources({ spec: { ipFamilies: ["IPv4"] } }, nodes), media))).toEqual([
      "10.0.0.1",
      "10.0.0.2",
    ]);
    expect(ips(await mediaOf(sources({ spec: { ipFamilies: BOTH } }, nodes), media))).toHaveLength(3);
  });

  it("has to be told where nodes may not be read", async () => {
    const asked = await mediaOf(sources({}), practice({ service: "NodePort" }));
    expect(asked.mediaProblem?.reason).toBe("AddressNeeded");
    expect(asked.mediaProblem?.message).toContain("spec.video.media.addresses");
    const addresses = [{ ip: "192.0.2.1", port: PORT }];
    const told = await mediaOf(sources({}), practice({ service: "NodePort", addresses }));
    expect(told.mediaProblem).toBeUndefined();
  });
});
