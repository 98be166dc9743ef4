import type { Params } from "../../src/components/component.ts";
import { loadAssets } from "../../src/assets.ts";
import { namesOf } from "../../src/practice/names.ts";
import type { Observed, Practice } from "../../src/practice/practice.ts";
import { SIZING } from "../../src/practice/sizing.ts";
import { DEFAULT_IMAGES } from "../../src/versions.ts";

/** A small practice with everything decided, for tests of what comes after `resolve`. */
export function somePractice(changes: Partial<Practice> = {}): Practice {
  return {
    name: "greenriver",
    namespace: "greenriver",
    domain: "greenriver.example",
    hosts: {
      entry: "go.greenriver.example",
      meet: "meet.greenriver.example",
      matrix: "matrix.greenriver.example",
      chat: "chat.greenriver.example",
    },
    serverName: "matrix.greenriver.example",
    locale: "de",
    legal: {},
    sizing: SIZING.solo,
    certificates: { kind: "external" },
    exposure: { kind: "service", type: "ClusterIP" },
    video: {
      maxParticipants: 2,
      verification: "prompt",
      sessions: { earlyMinutes: 10, graceMinutes: 15 },
      media: { service: "LoadBalancer", port: 30_080, addresses: [], externalTrafficPolicy: "Local", annotations: {} },
    },
    messaging: { database: { kind: "managed", storage: "10Gi" }, mediaStorage: "10Gi" },
    entry: {},
    staff: {},
    maintenance: { windows: [], timeZone: "UTC" },
    placement: { nodeSelector: {}, tolerations: [] },
    imagePullSecrets: [],
    deletionPolicy: "Retain",
    suspend: false,
    names: namesOf("greenriver"),
    images: DEFAULT_IMAGES,
    network: { frontDoor: [], operator: [], dns: { peers: [], ports: [53] } },
    ...changes,
  };
}

/** A cluster that has told everything. */
export function everythingObserved(changes: Partial<Observed> = {}): Observed {
  return {
    secrets: {
      signalling: "greenriver-signalling-1",
      rooms: "greenriver-rooms-1",
      database: "greenriver-database-1",
      synapse: "greenriver-synapse-1",
      entry: "greenriver-entry-1",
      fingerprint: "greenriver-fingerprint-1",
    },
    apis: { certManager: true, gateway: true, cloudNativePG: false },
    mediaAddresses: [{ ip: "203.0.113.7", port: 30_080 }],
    mediaFamilies: ["IPv4"],
    storageClasses: {},
    secretFingerprints: {},
    ...changes,
  };
}

export function someParams(changes: { practice?: Partial<Practice>; observed?: Partial<Observed> } = {}): Params {
  return {
    practice: somePractice(changes.practice),
    observed: everythingObserved(changes.observed),
    assets: loadAssets(),
  };
}
