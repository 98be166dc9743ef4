/**
 * Every reason a condition can carry: one table, read by status, events, docs, tests and health checks.
 * `waiting` marks reasons that are a documented wait: nothing is wrong, something has not happened yet.
 */
export interface Reason {
  readonly conditions: readonly ConditionType[];
  /** What it means, for the docs. */
  readonly meaning: string;
  /** What the practice's admin does next; empty when nothing. */
  readonly nextStep: string;
  readonly waiting?: true;
  /** Emits an event when a condition changes to it. */
  readonly event?: "Normal" | "Warning";
}

export const CONDITION_TYPES = [
  "Ready",
  "Reconciling",
  "Stalled",
  "EndToEndEncryptionEnforced",
  "RecordingDisabled",
  "NetworkIsolated",
  "CertificatesReady",
  "MediaAddressKnown",
  "ComponentsReady",
  "NamespaceHardened",
  "DomainNeutral",
  "UpdatePending",
  "Suspended",
] as const;
export type ConditionType = (typeof CONDITION_TYPES)[number];

function reason(
  conditions: ConditionType | readonly ConditionType[],
  meaning: string,
  nextStep = "",
  more: Pick<Reason, "waiting" | "event"> = {},
): Reason {
  return { conditions: typeof conditions === "string" ? [conditions] : conditions, meaning, nextStep, ...more };
}

export const REASONS = {
  NotYetProven: reason(
    "EndToEndEncryptionEnforced",
    "The guard and the room rules are in place; the attacks that prove them are not part of this release yet.",
    "",
    { waiting: true },
  ),
  CertManagerMissing: reason(
    ["CertificatesReady", "ComponentsReady"],
    "cert-manager is not installed, so there are no certificates and video waits.",
    "Install cert-manager 1.10 or newer.",
    { waiting: true, event: "Warning" },
  ),
  GatewayApiMissing: reason(
    "ComponentsReady",
    "The practice is exposed by Gateway API, which is not installed.",
    "Install the Gateway API CRDs and an implementation, or use spec.exposure.ingress.",
    { waiting: true, event: "Warning" },
  ),
  AddressAwaited: reason(
    "MediaAddressKnown",
    "The cluster has not given the media Service an address yet; the bridge waits for it.",
    "Look at the Service's events, or set spec.video.media.addresses.",
    { waiting: true },
  ),
} as const satisfies Record<string, Reason>;
export type ReasonName = keyof typeof REASONS;
