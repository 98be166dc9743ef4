import { describe, expect, it } from "vitest";
import { outside } from "../../src/components/outside.ts";

const blocks = (...cidrs: string[]) => outside({ kind: "cidrs", cidrs });

describe("an outside party", () => {
  it("is found by ranges of addresses", () => {
    expect(blocks("203.0.113.0/24", "2001:db8::/32")).toEqual({
      kind: "peers",
      peers: [{ ipBlock: { cidr: "203.0.113.0/24" } }, { ipBlock: { cidr: "2001:db8::/32" } }],
    });
  });

  it.each([
    ["0.0.0.0/0", ["169.254.0.0/16"]],
    ["128.0.0.0/1", ["169.254.0.0/16"]],
    ["0.0.0.0/1", undefined],
    ["169.254.0.0/16", undefined],
    ["::/0", ["fe80::/10", "fd00:ec2::254/128"]],
    ["fd00::/8", ["fd00:ec2::254/128"]],
    ["2001:db8:0:1::/64", undefined],
  ])("in %s never includes %s", (cidr, except) => {
    expect(blocks(cidr)).toEqual({ kind: "peers", peers: [{ ipBlock: { cidr, ...(except && { except }) } }] });
  });

  it("is found by pods of a namespace", () => {
    expect(outside({ kind: "pods", namespace: "databases", labels: { app: "pg" } })).toEqual({
      kind: "peers",
      peers: [
        {
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "databases" } },
          podSelector: { matchLabels: { app: "pg" } },
        },
      ],
    });
  });
});
