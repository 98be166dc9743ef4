import { add, type Break, edit, editPod } from "../../support/broken.ts";

export const HARDENING_BREAKS: readonly Break[] = [
  editPod("pod-security-restricted", "root", "Deployment/front", (spec) => {
    spec.securityContext.runAsUser = 0;
  }),
  editPod("pod-security-restricted", "a capability", "StatefulSet/synapse", (spec) => {
    spec.containers[0].securityContext.capabilities.add = ["NET_RAW"];
  }),
  editPod("pod-security-restricted", "more privileges in an init container", "StatefulSet/postgres", (spec) => {
    spec.initContainers[0].securityContext.allowPrivilegeEscalation = true;
  }),
  editPod("pod-security-restricted", "no seccomp profile", "StatefulSet/bridge", (spec) => {
    delete spec.securityContext.seccompProfile;
  }),
  editPod("pod-security-restricted", "a token by the back door", "Deployment/entry", (spec) => {
    spec.volumes = [{ name: "token", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } }];
  }),
  editPod("pod-security-restricted", "more of the pod than the proof in a file", "StatefulSet/synapse", (spec) => {
    const volume = spec.volumes.find(({ name }: { name: string }) => name === "proof");
    volume.downwardAPI.items[0].fieldRef.fieldPath = "metadata.annotations";
  }),
  editPod("read-only-root", "a nightly job with a writable root", "CronJob/pruner", (spec) => {
    spec.containers[0].securityContext.readOnlyRootFilesystem = false;
  }),
  editPod("programs-as-listed", "a nightly job that reads messages", "CronJob/pruner", (spec) => {
    spec.containers[0].command = [...spec.containers[0].command.slice(0, -1), "--command=SELECT * FROM event_json"];
  }),
  editPod("read-only-root", "a writable root", "StatefulSet/signalling", (spec) => {
    spec.containers[1].securityContext.readOnlyRootFilesystem = false;
  }),
  editPod("no-service-account-token", "a token", "Deployment/entry", (spec) => {
    spec.automountServiceAccountToken = true;
  }),
  edit("no-service-account-token", "a token by default", "ServiceAccount/entry", (account) => {
    delete account.automountServiceAccountToken;
  }),
  {
    check: "configuration-named-by-content",
    what: "a file edited in place",
    does: (input) => ({
      ...input,
      objects: input.objects.map((object) =>
        object.metadata.name.includes("-front-web-")
          ? { ...object, data: { ...(object["data"] as object), "more.js": "alert(1)" } }
          : object,
      ),
    }),
  },
  {
    check: "configuration-named-by-content",
    what: "a file that can be edited",
    does: (input) => ({
      ...input,
      objects: input.objects.map((object) =>
        object.metadata.name.includes("-front-web-") ? { ...object, immutable: false } : object,
      ),
    }),
  },
  add("no-secret-rendered", "a Secret", ({ practice }) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: `${practice.name}-database-1`, labels: { "telehealth-operator.io/practice-uid": practice.uid } },
    data: {},
  })),
];
