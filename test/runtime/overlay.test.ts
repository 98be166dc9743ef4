import { describe, expect, it } from "vitest";
import { overlay } from "../../src/runtime/overlay.ts";

describe("overlay", () => {
  it("merges maps, and lists by the keys of their items, and leaves the rest to others", () => {
    const live = {
      metadata: { labels: { a: "1", theirs: "x" }, finalizers: ["theirs"] },
      spec: { ports: [{ port: 1, name: "b", nodePort: 9 }, { port: 2 }], args: ["x", "y"] },
    };
    const desired = {
      metadata: { labels: { a: "2" }, finalizers: ["ours"] },
      spec: {
        ports: [
          { port: 3, protocol: "TCP" },
          { port: 1, protocol: "TCP", name: "a" },
        ],
        args: ["z"],
      },
    };
    expect(overlay(live, desired)).toEqual({
      metadata: { labels: { a: "2", theirs: "x" }, finalizers: ["theirs", "ours"] },
      spec: {
        ports: [{ port: 1, protocol: "TCP", name: "a", nodePort: 9 }, { port: 2 }, { port: 3, protocol: "TCP" }],
        args: ["z"],
      },
    });
  });
});
