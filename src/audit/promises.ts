import { FOREIGN_CHAIN, RENDER_CHAIN } from "../policy/index.ts";
import type { Check, Finding } from "../policy/policy.ts";
import { isProven } from "../practice/app-versions.ts";
import type { Entry, Evidence, State } from "./report.ts";
import { network } from "./network.ts";

const CHECKS: readonly Check[] = [...RENDER_CHAIN, ...FOREIGN_CHAIN];
const ofPromise = (promise: Check["promise"]) =>
  CHECKS.filter((check) => check.promise === promise).map(({ name }) => name);

/** Who may join, and for how long. */
const ADMISSION = [
  "every-login-needs-proof",
  "room-rules-in-force",
  "ready-only-with-rules",
  "room-modules-as-shipped",
];
/** Who sees what was said. */
const HISTORY = [
  "room-rules-in-force",
  "message-policy-loaded",
  "rooms-encrypted-by-default",
  "status-names-nobody",
  "pruner-touches-no-message",
];

/** The eight promises of a practice as an auditor reads them: what was seen, and what nobody could see. */
export function promises(evidence: Evidence): readonly Entry[] {
  return [
    encryption(evidence),
    recording(evidence),
    isolation(evidence),
    {
      ...judged(evidence, "4. Little metadata", ofPromise("metadata")),
      notCovered: [
        "Addresses in the logs of your ingress controller and load balancer.",
        "The hosts in public certificate logs, unless a wildcard by DNS-01 is used.",
      ],
    },
    {
      ...judged(evidence, "5. Own history only", HISTORY),
      notCovered: ["Whoever administers the homeserver's pod or its database.", "What somebody keeps on a device."],
    },
    {
      ...judged(evidence, "6. Admission is part of secrecy", ADMISSION),
      notCovered: ["Somebody who was given the link, or to whom it was passed on."],
    },
    nothingLost(evidence),
    honest(evidence),
  ];
}

/** An entry that holds when these checks found nothing, and everything could be read that they look at. */
function judged({ findings, unread }: Evidence, title: string, checks: readonly string[]): Entry {
  // What may not be read is missing for the checks too, so nothing that they find can be believed.
  if (unread.length > 0) {
    const kinds = unread.map(({ kind }) => kind).join(", ");
    return { title, state: "unknown", evidence: [`Not judged, because you may not read: ${kinds}.`], notCovered: [] };
  }
  const found = findings.filter(({ check }) => checks.includes(check));
  if (found.length > 0) return { title, state: "notMet", evidence: found.map(told), notCovered: [] };
  const passed = `${checks.length} checks found nothing on the live objects: ${checks.join(", ")}.`;
  return { title, state: "met", evidence: [passed], notCovered: [] };
}

function told({ object, message, check }: Finding): string {
  return `${object}: ${message} (${check})`;
}

function worse(entry: Entry, state: State, sentence: string): Entry {
  if (entry.state === "notMet") return { ...entry, evidence: [...entry.evidence, sentence] };
  return { ...entry, state, evidence: [sentence, ...entry.evidence] };
}

function encryption(evidence: Evidence): Entry {
  const { practice, guard } = evidence;
  const title = "1. End-to-end encryption";
  const entry = judged(evidence, title, ofPromise("e2ee"));
  const isSeen = isProven(practice.images.jitsiWeb);
  const seen = isSeen
    ? `The guard was seen to work with ${practice.images.jitsiWeb}.`
    : `The guard was not yet seen to work with ${practice.images.jitsiWeb}, so the meeting page starts no call.`;
  const all = isSeen ? { ...entry, evidence: [...entry.evidence, seen] } : worse(entry, "notMet", seen);
  return {
    ...all,
    evidence: [...all.evidence, `The guard that runs before the meeting page has SHA-256 ${guard}.`],
    notCovered: [
      "Stock clients cannot hold an unencrypted call and clients that do not signal end-to-end encryption are refused. " +
        "Protection against a malicious operator of the web origin or of Prosody rests on pinned images and on the " +
        "participants comparing the safety symbols.",
      "That participants did compare them.",
    ],
  };
}

function recording(evidence: Evidence): Entry {
  const entry = judged(evidence, "2. No recording", [...ofPromise("recording"), "foreign-pod"]);
  return {
    ...entry,
    notCovered: [
      "A participant's own screen capture or camera, and a person admitted with a valid link.",
      "What an image holds that is not pinned by digest.",
      "Whoever may change the cluster's admission policies. Whether these are installed: kubectl get validatingadmissionpolicies",
    ],
  };
}

function isolation(evidence: Evidence): Entry {
  const entry = judged(evidence, "3. Isolation", ofPromise("isolation"));
  const { state, sentence } = network(evidence);
  const all = state === "met" ? { ...entry, evidence: [...entry.evidence, sentence] } : worse(entry, state, sentence);
  return {
    ...all,
    notCovered: [
      "The node itself, and pods in its network, always reach its pods.",
      "Ways that the probe does not try: to the internet, because nobody outside is contacted; and from other namespaces into this one.",
      "What policies of the network plugin's own kinds open. Of Cilium's, Calico's, AdminNetworkPolicy and ClusterNetworkPolicy it is said when one may open something.",
    ],
  };
}

function nothingLost({ practice, objects, unread }: Evidence): Entry {
  const title = "7. Nothing lost";
  const notCovered = [
    "Deleting the namespace deletes everything, whatever deletionPolicy says.",
    "Whether there is a backup, how old it is, and that it was tried: `telehealth backup` makes one.",
    "What the storage class does with a volume whose claim is deleted.",
  ];
  const names = [practice.names.messagesVolume, practice.names.databaseVolume].filter(
    (name) => name !== practice.names.databaseVolume || practice.messaging.database.kind === "managed",
  );
  if (unread.some(({ kind }) => kind === "PersistentVolumeClaim")) {
    return { title, state: "unknown", evidence: ["You may not read the volumes' claims."], notCovered };
  }
  const claims = names.map((name) => ({
    name,
    claim: objects.find(({ kind, metadata }) => kind === "PersistentVolumeClaim" && metadata.name === name),
  }));
  const missing = claims.filter(({ claim }) => !claim).map(({ name }) => name);
  const owned = claims.filter(({ claim }) => claim?.metadata.ownerReferences?.length).map(({ name }) => name);
  const found = [
    ...missing.map((name) => `PersistentVolumeClaim/${name} is not there.`),
    ...owned.map((name) => `PersistentVolumeClaim/${name} has an owner, and is deleted together with it.`),
  ];
  if (practice.deletionPolicy === "Delete") {
    found.push("spec.deletionPolicy is Delete: the data are deleted together with the practice, as its manifest asks.");
  }
  if (found.length > 0) return { title, state: "notMet", evidence: found, notCovered };
  return {
    title,
    state: "met",
    evidence: [
      `The volumes ${names.join(" and ")} belong to nothing that could take them along, and deletionPolicy is Retain.`,
    ],
    notCovered,
  };
}

function honest({ status, generation, now }: Evidence): Entry {
  const title = "8. Honest";
  const notCovered = [
    "Whether you comply with a law is not a program's to say.",
    "What the operator does not look at.",
  ];
  const { conditions = [], observedGeneration } = status;
  if (conditions.length === 0) {
    return { title, state: "unknown", evidence: ["The operator has said nothing about this practice."], notCovered };
  }
  if (observedGeneration !== generation) {
    const evidence = ["The operator has not judged the manifest as it is now."];
    return { title, state: "unknown", evidence, notCovered };
  }
  const said = conditions.map(({ type, status, reason, lastTransitionTime }) => {
    return `${type} is ${status}, ${reason}, since ${lastTransitionTime}.`;
  });
  const from = `At ${now.toISOString()} the operator's conditions are about the manifest as it is:`;
  return { title, state: "met", evidence: [from, ...said], notCovered };
}
