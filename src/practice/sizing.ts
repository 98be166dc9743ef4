/** What a container asks for, as Kubernetes quantities. Memory is request and limit; CPU has no limit. */
export interface Resources {
  readonly cpu: string;
  readonly memory: string;
}

/** One row of the table of sizes. */
export interface Sizing {
  readonly front: Resources;
  readonly element: Resources;
  readonly prosody: Resources;
  readonly jicofo: Resources;
  readonly bridge: Resources;
  readonly synapse: Resources;
  readonly postgres: Resources;
  readonly entry: Resources;
  /** Java heaps in MiB. */
  readonly jicofoHeapMiB: number;
  readonly bridgeHeapMiB: number;
}

export const SIZES = ["solo", "group", "clinic"] as const;
export type Size = (typeof SIZES)[number];

/**
 * Requests by size. Measured floors: Prosody 22 MiB, Synapse 128 MiB, JVB 200 MiB and jicofo 180 MiB
 * with a 512 MiB heap, nginx 6 MiB, PostgreSQL 30 MiB.
 */
export const SIZING: Readonly<Record<Size, Sizing>> = {
  solo: {
    front: { cpu: "20m", memory: "48Mi" },
    element: { cpu: "10m", memory: "32Mi" },
    prosody: { cpu: "30m", memory: "96Mi" },
    jicofo: { cpu: "50m", memory: "512Mi" },
    bridge: { cpu: "300m", memory: "896Mi" },
    synapse: { cpu: "100m", memory: "512Mi" },
    postgres: { cpu: "50m", memory: "192Mi" },
    entry: { cpu: "20m", memory: "224Mi" },
    jicofoHeapMiB: 256,
    bridgeHeapMiB: 512,
  },
  group: {
    front: { cpu: "50m", memory: "64Mi" },
    element: { cpu: "10m", memory: "32Mi" },
    prosody: { cpu: "50m", memory: "128Mi" },
    jicofo: { cpu: "100m", memory: "640Mi" },
    bridge: { cpu: "1", memory: "1408Mi" },
    synapse: { cpu: "200m", memory: "1Gi" },
    postgres: { cpu: "100m", memory: "384Mi" },
    entry: { cpu: "50m", memory: "256Mi" },
    jicofoHeapMiB: 384,
    bridgeHeapMiB: 1024,
  },
  clinic: {
    front: { cpu: "100m", memory: "96Mi" },
    element: { cpu: "20m", memory: "48Mi" },
    prosody: { cpu: "100m", memory: "192Mi" },
    jicofo: { cpu: "200m", memory: "768Mi" },
    bridge: { cpu: "2", memory: "2560Mi" },
    synapse: { cpu: "500m", memory: "2Gi" },
    postgres: { cpu: "250m", memory: "1Gi" },
    entry: { cpu: "100m", memory: "320Mi" },
    jicofoHeapMiB: 512,
    bridgeHeapMiB: 2048,
  },
};
