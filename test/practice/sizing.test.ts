import { describe, expect, it } from "vitest";
import { SIZES, SIZING } from "../../src/practice/sizing.ts";

const mebibytes = (memory: string) => Number.parseInt(memory, 10) * (memory.endsWith("Gi") ? 1024 : 1);

describe("sizing", () => {
  it.each(SIZES)("%s leaves Java memory beside its heap: threads, code and buffers need at least 256 MiB", (size) => {
    const { bridge, jicofo, bridgeHeapMiB, jicofoHeapMiB } = SIZING[size];
    expect(mebibytes(bridge.memory) - bridgeHeapMiB).toBeGreaterThanOrEqual(256);
    expect(mebibytes(jicofo.memory) - jicofoHeapMiB).toBeGreaterThanOrEqual(256);
  });

  it("grows from solo to clinic", () => {
    const memory = SIZES.map((size) => mebibytes(SIZING[size].bridge.memory));
    expect(memory).toEqual(memory.toSorted((a, b) => a - b));
  });
});
