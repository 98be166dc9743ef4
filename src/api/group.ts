/** Names of the wire contract. Everything that other programs can see or select by is here. */

export const GROUP = "telehealth-operator.io";
export const VERSION = "v1alpha1";
export const API_VERSION = `${GROUP}/${VERSION}`;
export const KIND = "TelehealthPractice";
export const PLURAL = "telehealthpractices";
export const SHORT_NAME = "thp";

/** On the practice: held until the teardown has finished. */
export const FINALIZER = `${GROUP}/teardown`;

/** Server-side apply field managers: one for children, one for the practice's status. */
export const FIELD_MANAGER = "telehealth-operator";
export const STATUS_MANAGER = "telehealth-operator-status";

export const LABEL = {
  /** Which practice an object belongs to; the value is the practice's uid. */
  practiceUid: `${GROUP}/practice-uid`,
  /** The practice's name, for people. */
  practice: `${GROUP}/practice`,
  /** Which component rendered the object. */
  component: `${GROUP}/component`,
  /** On pods: what NetworkPolicies select by. A probe may carry it without ever receiving traffic. */
  role: `${GROUP}/role`,
  /** On pods: what Services select by. */
  serves: `${GROUP}/serves`,
  /** On routes: which of the four hosts it opens. */
  host: `${GROUP}/host`,
  /** On what `deletionPolicy: Retain` kept: the uid of the practice that is gone. */
  retainedFrom: `${GROUP}/retained-from`,
  /** On a namespace that belongs to a practice. */
  practiceNamespace: `${GROUP}/practice-namespace`,
  /** On a namespace, set by whoever runs the cluster: while it is `true`, the namespace cannot be deleted. */
  keep: `${GROUP}/keep`,
  managedBy: "app.kubernetes.io/managed-by",
  partOf: "app.kubernetes.io/part-of",
  name: "app.kubernetes.io/name",
} as const;

export const ANNOTATION = {
  /** On a namespace, set by whoever runs the cluster: domains that its practice may claim, separated by commas. */
  domains: `${GROUP}/domains`,
  /** On every rendered object: 8 hex digits over the rest of it. */
  rendered: `${GROUP}/rendered`,
  /** On a StatefulSet: its pod template as rendered, as JSON. */
  template: `${GROUP}/template`,
  /** On a StatefulSet: the generation of the practice that it was rendered from. */
  generation: `${GROUP}/generation`,
  /** On the CustomResourceDefinition: hash of its schema. */
  schemaHash: `${GROUP}/schema-hash`,
  /** On a pod template: HMAC of Secrets we did not make, so that a new content rolls the pods. */
  secrets: `${GROUP}/secrets`,
  /** On a born Secret whose key can overlap with the next one: whoever sets it, to anything, asks for a next one. */
  replace: `${GROUP}/replace`,
  /** On a practice: when somebody asked for its walls to be tried. On what tries them: which run it belongs to. */
  probe: `${GROUP}/probe`,
  /** On Synapse's pod while a command administers people: a digest that proves that its user may write there. */
  proof: `${GROUP}/proof`,
} as const;
