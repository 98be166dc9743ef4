/**
 * Every reason a condition can carry: one table, read by status, events, docs, tests and health checks.
 * `waiting` marks reasons that are a documented wait: nothing is wrong, something has not happened yet.
 * `Ready` also repeats the reason of the condition that holds it back.
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

/** The practice cannot go on until somebody changes something. */
const STALLED = ["Ready", "Stalled"] as const;
/** The operator tries again by itself. */
const RETRIED = ["Ready", "Reconciling"] as const;
const WAITING = { waiting: true } as const;
const ALARM = { event: "Warning" } as const;

export const REASONS = {
  // The practice as a whole
  Ready: reason("Ready", "Every promise holds on the live objects and every pod is ready."),
  Settled: reason(["Reconciling", "Stalled"], "Nothing to report."),
  Progressing: reason(RETRIED, "The operator is at work on the practice.", "", WAITING),
  Deleting: reason(RETRIED, "The practice is being taken down; its walls go last.", "", WAITING),
  Restoring: reason(RETRIED, "A backup is being put back; nothing is made until all of it is there.", "", WAITING),
  ApiServerUnavailable: reason(
    RETRIED,
    "The API server did not take a request. The operator tries again by itself.",
    "Look at the API server if this stays.",
    ALARM,
  ),
  Forbidden: reason(
    [...RETRIED, "EndToEndEncryptionEnforced", "RecordingDisabled", "NetworkIsolated", "NamespaceHardened"],
    "The operator lacks a right that it needs, or an admission policy refuses it. A promise is not known to hold while something that it is judged by may not be read.",
    "Install the operator's roles again, or name the operator in the admission.exempt of the release whose policy it is.",
    ALARM,
  ),
  QuotaExceeded: reason(
    RETRIED,
    "The namespace's quota refuses an object of the practice.",
    "Raise the quota; the operator goes on by itself.",
    ALARM,
  ),

  // What only a person can change
  InvalidSpec: reason(
    STALLED,
    "The manifest asks for something that cannot be done; the message names each field.",
    "Correct the fields that the message names.",
    ALARM,
  ),
  UnknownValue: reason(
    STALLED,
    "The manifest holds a field or value that this operator does not know. It is never taken for a default.",
    "Upgrade the operator, or correct the field.",
    ALARM,
  ),
  NamespaceNotDedicated: reason(
    STALLED,
    "The namespace is shared, and a practice's walls would cut off everybody in it. Nothing is applied.",
    "Move the practice to a namespace of its own, as the examples do.",
    ALARM,
  ),
  NameTaken: reason(
    STALLED,
    "An object that does not belong to the practice has a name that it needs. It is neither adopted nor overwritten.",
    "Rename or remove that object, or rename the practice.",
    ALARM,
  ),
  HostTaken: reason(
    STALLED,
    "An older practice has one of the hosts.",
    "Choose another spec.domain or spec.hosts, or delete the other practice.",
    ALARM,
  ),
  DomainNotGranted: reason(
    STALLED,
    "A host is outside of the domains that were granted to the practice's namespace.",
    "Choose another spec.domain or spec.hosts, or ask whoever runs the cluster to grant the domain.",
    ALARM,
  ),
  ServerNameMismatch: reason(
    STALLED,
    "The kept data belongs to another matrix host, which is part of every account.",
    "Delete the practice and apply it again with the former matrix host, or delete the kept data.",
    ALARM,
  ),
  SecretLost: reason(
    STALLED,
    "A Secret that was made once is gone while the data that needs it exists. No new one is made.",
    "Restore the Secret from your backup.",
    ALARM,
  ),

  UseParentRef: reason(
    STALLED,
    "The GatewayClass belongs to an implementation that would start its proxy inside of the practice's walls.",
    "Use spec.exposure.parentRef with a Gateway in a namespace of its own, or spec.exposure.ingress.",
    ALARM,
  ),

  // Promises
  PolicyViolated: reason(
    [
      "EndToEndEncryptionEnforced",
      "RecordingDisabled",
      "NetworkIsolated",
      "ComponentsReady",
      "NamespaceHardened",
      "Ready",
      "Stalled",
    ],
    "An object breaks a promise; the message names the object and the check. What would break one is never applied.",
    "Undo the change that the message names; if it was nobody's, report it as a defect.",
    ALARM,
  ),
  Enforced: reason(
    "EndToEndEncryptionEnforced",
    "Stock clients cannot be in a call without end-to-end encryption; the attacks on that were tried and failed.",
  ),
  AppVersionUnproven: reason(
    "EndToEndEncryptionEnforced",
    "The web app has a version with which the guard was not yet seen to work, so no call starts.",
    "Remove images.jitsiWeb from the operator's options, or upgrade the operator.",
    ALARM,
  ),
  Verified: reason(
    ["RecordingDisabled", "NetworkIsolated"],
    "Checked on the live objects, and on everything else in the namespace; of the walls also on the network itself.",
  ),
  NotJudged: reason(
    ["EndToEndEncryptionEnforced", "RecordingDisabled", "NetworkIsolated", "NamespaceHardened"],
    "For a time the operator could not read what this is judged by; now it can, but the practice does not go on.",
    "See to what Ready says.",
  ),
  NotProbed: reason(
    "NetworkIsolated",
    "The walls are in force on the API server; whether this cluster's network obeys them has not been probed.",
    "",
    WAITING,
  ),
  PoliciesNotEnforced: reason(
    "NetworkIsolated",
    "A try got through where no policy lets anybody: the cluster's network does not obey NetworkPolicies.",
    "Use a network plugin that enforces NetworkPolicies in both directions. `telehealth audit NAME --probe` tries again.",
    ALARM,
  ),
  ProbeUnanswered: reason(
    "NetworkIsolated",
    "The walls were tried, and what came of it proves nothing: a pod gave no answer, or a way that must be open was not.",
    "See to it that the ways that the message names are open, or that six small pods fit into the namespace.",
    WAITING,
  ),
  FrontDoorOpenToCluster: reason(
    "NetworkIsolated",
    "Everything is closed but the front pod, which any pod may reach, because it is not known who knocks.",
    "Name the ingress controller's pods in the operator option frontDoor.",
  ),
  ForeignPolicy: reason(
    "NetworkIsolated",
    "A NetworkPolicy that the operator did not make selects pods of the practice, and policies only ever open.",
    "Remove the NetworkPolicy that the message names.",
    ALARM,
  ),
  ForeignPolicyKind: reason(
    "NetworkIsolated",
    "A policy of the cluster's network plugin (Cilium, Calico, AdminNetworkPolicy, ClusterNetworkPolicy) is about pods of the practice, or may be, and lets something through. The operator cannot judge what.",
    "Remove the policy that the message names, or see to it that it opens nothing.",
    ALARM,
  ),
  ForeignService: reason(
    "NetworkIsolated",
    "A Service or route that the operator did not make leads to pods of the practice.",
    "Remove the object that the message names.",
    ALARM,
  ),
  ForeignPod: reason(
    ["NetworkIsolated", "RecordingDisabled"],
    "A pod, or a container in a pod, that the operator did not make is among the practice's.",
    "Remove the pod that the message names.",
    ALARM,
  ),
  DoorClosed: reason(
    ["ComponentsReady", "Ready"],
    "A promise did not hold and repair did not help in time, so the hosts concerned are closed to newcomers. They open by themselves.",
    "Undo what the conditions that are False name.",
    ALARM,
  ),

  // Certificates
  Issued: reason("CertificatesReady", "The certificate for all four hosts is there.", "", { event: "Normal" }),
  External: reason("CertificatesReady", "Certificates come from outside the practice, as its manifest says."),
  CertificateIssuing: reason(
    "CertificatesReady",
    "The certificate has been ordered; the message has cert-manager's words about what it waits for.",
    "Point the four hosts at the cluster's front door and leave port 80 open to everybody, if this stays.",
    WAITING,
  ),
  CertificateFailed: reason(
    "CertificatesReady",
    "The certificate authority refused; the message has its words. cert-manager asks again, the first time after an hour.",
    "See to what the message says, then delete the CertificateRequest that failed, and it is asked for at once.",
    ALARM,
  ),
  IssuerNotReady: reason(
    "CertificatesReady",
    "The issuer that spec.certificates names does not exist or is not ready.",
    "Look at it with `kubectl describe`, or name another one; the practice goes on by itself.",
    ALARM,
  ),
  RenewalFailing: reason(
    "CertificatesReady",
    "The certificate is good for now, but its renewal fails or is overdue; the message has the reason and the last day.",
    "See to what the message says before that day.",
    ALARM,
  ),
  CertificateMissing: reason(
    "CertificatesReady",
    "The Secret that spec.certificates.secretRef names is not there, or holds no certificate and key.",
    "Make it with `kubectl create secret tls`, from a certificate for all four hosts.",
    ALARM,
  ),
  CertificateExpired: reason(
    "CertificatesReady",
    "The certificate is too old: browsers refuse the hosts that the message names.",
    "Renew it. Where cert-manager does that, the message says what keeps it from doing so.",
    ALARM,
  ),
  CertificateForOtherHosts: reason(
    "CertificatesReady",
    "The certificate does not cover every host: browsers refuse those that the message names.",
    "Put a certificate for all four hosts, or a wildcard above them, into the Secret.",
    ALARM,
  ),
  CertificateUnusable: reason(
    "CertificatesReady",
    "What the Secret holds is no certificate, not yet valid, or not one of its key.",
    "Put the certificate and the key that belongs to it into the Secret, both as PEM.",
    ALARM,
  ),
  CertManagerMissing: reason(
    ["CertificatesReady", "ComponentsReady"],
    "cert-manager is not installed, so there are no certificates and video waits.",
    "Install cert-manager 1.10 or newer.",
    { ...WAITING, ...ALARM },
  ),

  // Components
  AllReady: reason("ComponentsReady", "Every pod of the practice is ready."),
  ComponentsStarting: reason(
    "ComponentsReady",
    "Pods are not ready yet.",
    "`kubectl get pods` in the practice's namespace tells which, if this stays.",
    WAITING,
  ),
  ImageMissing: reason(
    "ComponentsReady",
    "An image cannot be fetched.",
    "See to it that the nodes reach the registry, that the operator option images names it right, and that spec.imagePullSecrets has what it asks for.",
    ALARM,
  ),
  Unschedulable: reason(
    "ComponentsReady",
    "No node has room for a pod of the practice, or none that its placement allows.",
    "Add a node, choose a smaller spec.size, or change spec.placement.",
  ),
  VolumeUnbound: reason(
    "ComponentsReady",
    "A volume of the practice has not been made, or is where the pod cannot be.",
    "Look at `kubectl describe pvc` in the practice's namespace, and set spec.storageClassName if the cluster has no default.",
  ),
  VolumeFull: reason(
    "ComponentsReady",
    "A volume is full.",
    "Raise spec.messaging.database.managed.storage, or that of spec.messaging.media; where the database is somebody else's, its volume.",
    ALARM,
  ),
  OutOfMemory: reason(
    "ComponentsReady",
    "A program needed more memory than its container may have.",
    "Choose a larger spec.size.",
    ALARM,
  ),
  SecretIncomplete: reason(
    "ComponentsReady",
    "A Secret that the manifest names, or a key in it, is not there.",
    "Put what the message names into the Secret; it goes on by itself.",
    ALARM,
  ),
  DatabaseUnreachable: reason(
    "ComponentsReady",
    "Synapse does not reach its database.",
    "See to it that the database runs, and that spec.messaging.database says where it is: host, port, and `to` for the wall.",
    ALARM,
  ),
  DatabaseRefused: reason(
    "ComponentsReady",
    "The database does not let Synapse in.",
    "Correct user name and password in the Secret, and see to it that the database exists and that this user owns it.",
    ALARM,
  ),
  DatabaseUntrusted: reason(
    "ComponentsReady",
    "The database offers no TLS, or a certificate that is not trusted for its name.",
    "Turn TLS on in the database, and name its authority in spec.messaging.database.external.caSecretRef.",
    ALARM,
  ),
  DatabaseUnsuitable: reason(
    "ComponentsReady",
    "The database has another encoding than UTF-8 or is not sorted by bytes, which Synapse needs.",
    "Make one with ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0, and move the data there with pg_dump.",
    ALARM,
  ),
  DatabaseTooOld: reason(
    "ComponentsReady",
    "PostgreSQL is older than Synapse supports.",
    "Upgrade the database, then Synapse.",
    ALARM,
  ),
  DatabaseOfAnotherVersion: reason(
    ["ComponentsReady", "UpdatePending"],
    "The data were written by another major version of PostgreSQL than the one that is to read them. Nothing was touched.",
    "Set the operator option images.postgres back to the former major version, and see docs/backup.md for the way to a newer one.",
    ALARM,
  ),
  DatabaseOfAnotherServer: reason(
    "ComponentsReady",
    "The database holds accounts of another matrix host, and that is part of every account.",
    "Name the database that belongs to this practice, or an empty one.",
    ALARM,
  ),
  ProgramFails: reason(
    "ComponentsReady",
    "A program ends again and again, and the operator does not know its words.",
    "Read its log: the message has the command.",
    ALARM,
  ),
  GatewayApiMissing: reason(
    "ComponentsReady",
    "The practice is exposed by Gateway API, which is not installed.",
    "Install the Gateway API CRDs and an implementation, or use spec.exposure.ingress.",
    { ...WAITING, ...ALARM },
  ),

  // Media
  Known: reason("MediaAddressKnown", "Clients know where to send media. Whether a firewall lets it in is not known."),
  AddressAwaited: reason(
    "MediaAddressKnown",
    "The cluster has not given the media Service an address yet; the bridge waits for it.",
    "Look at the Service's events, or set spec.video.media.addresses.",
    WAITING,
  ),
  AddressUnusable: reason(
    "MediaAddressKnown",
    "The bridge's pod has no address of the family of those at which clients are to reach it.",
    "Set spec.video.media.addresses to addresses of a family that the cluster gives to pods.",
    ALARM,
  ),
  PortTaken: reason(
    "MediaAddressKnown",
    "The load balancer does not open the media port or the one after it; the message has its word for why.",
    "Set spec.video.media.port to another one.",
    ALARM,
  ),
  AddressNeeded: reason(
    "MediaAddressKnown",
    "The operator may not read the nodes' addresses, so it has to be told where the bridge is reached.",
    "Set spec.video.media.addresses.",
    { ...WAITING, ...ALARM },
  ),

  // Namespace, domain
  Restricted: reason("NamespaceHardened", 'The namespace enforces Pod Security "restricted".'),
  NamespaceNotRestricted: reason(
    ["NamespaceHardened", "ComponentsReady"],
    'The namespace does not enforce Pod Security "restricted". Walls stand; workloads wait.',
    "kubectl label namespace NAMESPACE pod-security.kubernetes.io/enforce=restricted",
    { ...WAITING, ...ALARM },
  ),
  Neutral: reason("DomainNeutral", "The host names do not tell what the practice is."),
  RevealingDomain: reason(
    "DomainNeutral",
    "A host name tells what this is about, in public certificate logs and on patients' devices. The manifest acknowledges it.",
    "Choose a neutral domain when you can.",
  ),

  // Updates
  UpToDate: reason("UpdatePending", "Nothing waits to be rolled out."),
  WaitingForQuietMoment: reason(
    ["UpdatePending", "Reconciling"],
    "A change waits until it can be rolled out without ending a call.",
    "",
    WAITING,
  ),
  ConfigurationOnTrial: reason(
    ["UpdatePending", "Reconciling"],
    "A changed configuration is tried by a Job before it replaces what runs.",
    "",
    WAITING,
  ),
  ConfigurationRefused: reason(
    ["UpdatePending", "Stalled"],
    "A program's own check refuses the changed configuration. What ran before goes on.",
    "Undo the change, or correct what the message names; an operator's own change is a defect to report.",
    ALARM,
  ),
  ConfigurationUntried: reason(
    ["UpdatePending", "Reconciling"],
    "The trial of a changed configuration ended without an answer. What ran before goes on, and it is tried again.",
    "Look at the pods of the Job that the message names.",
    ALARM,
  ),
  Active: reason("Suspended", "Changes are rolled out."),
  Suspended: reason(
    ["Suspended", "UpdatePending", "ComponentsReady"],
    "The manifest holds back roll-outs and clean-up. Walls, guards and their checks go on.",
    "Set spec.suspend to false when you are done.",
    WAITING,
  ),
} as const satisfies Record<string, Reason>;
export type ReasonName = keyof typeof REASONS;
