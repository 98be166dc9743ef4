import { describe, expect, it } from "vitest";
import { provisionControlPlane, ways, type Way } from "./provision.ts";

const open = (name: string): Way => ({ name, open: async () => `/${name}` });
const closed = (name: string, reason: string): Way => ({ name, open: () => Promise.reject(new Error(reason)) });

describe("the ways to a control plane", () => {
  it("are tried in this order", () => {
    expect(ways.map(({ name }) => name)).toEqual([
      "the folder that KUBEBUILDER_ASSETS names",
      "the cache",
      "the released programs of Kubernetes and etcd",
      "a build from Go modules",
    ]);
  });

  it("end at the first one that is open", async () => {
    const never = closed("third", "must not be tried");
    expect(await provisionControlPlane([closed("first", "is shut"), open("second"), never])).toBe("/second");
  });

  it("are all listed with their reasons when none is open, and what would help", async () => {
    const nothing = provisionControlPlane([
      closed("the cache", "it is empty"),
      closed("a build", "Go is not installed"),
    ]);
    await expect(nothing).rejects.toThrow(
      /not from the cache: it is empty; not from a build: Go is not installed.*Go 1\.26 or newer/,
    );
  });
});
