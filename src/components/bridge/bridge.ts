import type { IStatefulSet } from "kubernetes-models/apps/v1";
import { LABEL } from "../../api/group.ts";
import type { Manifest } from "../../manifest.ts";
import { familyOf } from "../../practice/addresses.ts";
import type { Observed, Practice } from "../../practice/practice.ts";
import type { Await, Component, Params, Walls } from "../component.ts";
import { configuration } from "../configuration.ts";
import { DRAIN_FILE, drainedFrom } from "../jitsi/drain.ts";
import { javaArguments, TRUST_MOUNT, trustVolume } from "../jitsi/java.ts";
import { bridgePort, JVB_HTTP_PORT, jvbConf } from "../jitsi/jvb.ts";
import { loggingProperties } from "../jitsi/logging.ts";
import { near } from "../jitsi/placement.ts";
import {
  CALL_GRACE_SECONDS,
  configurationVolume,
  KEEP_IN_PLACE,
  NOTHING,
  nothingAt,
  scratchVolume,
  secretVariable,
} from "../jitsi/volumes.ts";
import { XMPP_PORT } from "../jitsi/xmpp.ts";
import { type ContainerParams, labels, pod, probes, REPLACE_PODS } from "../kube.ts";
import { recorded } from "../record.ts";
import { advertised, unusable } from "./addresses.ts";
import { mediaService } from "./media.ts";
import { responder, responderPort } from "./responder.ts";

/** The video bridge: forwards encrypted media that it cannot read, over one UDP port. Beside it, who answers trials. */
export const bridge: Component = { name: "bridge", build, awaits, walls };

function build(params: Params): readonly Manifest[] {
  const { practice, observed, assets } = params;
  const account: Manifest = {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: metadata(practice),
    automountServiceAccountToken: false,
  };
  const foundation = [account, mediaService(practice)];
  if (awaits(params).length > 0) return foundation;
  const files = configuration(practice, "jvb", {
    "jvb.conf": jvbConf(practice, advertised(observed), observed.mediaFamilies[0] ?? "IPv4"),
    "logging.properties": loggingProperties("jvb"),
    [DRAIN_FILE]: assets.drain.bridge,
  });
  return [...foundation, files, statefulSet(practice, observed, files.metadata.name)];
}

function awaits({ practice, observed }: Params): readonly Await[] {
  const component = "bridge";
  const found: Await[] = [];
  if (!observed.apis.certManager) {
    found.push({
      component,
      reason: "CertManagerMissing",
      message:
        "The bridge waits for cert-manager, which makes the certificates inside the practice. Please install it.",
    });
  }
  if (advertised(observed).length === 0) found.push({ component, ...addressAwaited(practice, observed) });
  return found;
}

function addressAwaited({ names }: Practice, observed: Observed): Pick<Await, "reason" | "message"> {
  const { mediaFamilies, mediaProblem } = observed;
  if (mediaProblem) return mediaProblem;
  const useless = unusable(observed).map(({ ip }) => ip);
  if (useless.length > 0) {
    const message = `The bridge has ${mediaFamilies.join(" and ")} only, so clients would not reach it at ${useless.join(", ")}. Set spec.video.media.addresses to others, or give the cluster both kinds of addresses.`;
    return { reason: "AddressUnusable", message };
  }
  const message = `The bridge waits until the cluster gives the Service ${names.media} an address. Look at its events, or set spec.video.media.addresses.`;
  return { reason: "AddressAwaited", message };
}

/** Clients always send first, so all that the bridge sends to them are answers; it opens nothing itself. */
function walls({ practice }: Pick<Params, "practice">): Walls {
  return {
    role: "bridge",
    listens: [bridgePort(practice), responderPort(practice)].map((port) => ({
      port,
      protocol: "UDP",
      from: { kind: "anybody" },
    })),
    talksTo: [
      { port: XMPP_PORT, protocol: "TCP", to: { kind: "role", role: "signalling" } },
      { port: 53, protocol: "UDP", to: { kind: "dns" } },
      { port: 53, protocol: "TCP", to: { kind: "dns" } },
    ],
  };
}

function metadata(practice: Practice) {
  return { name: practice.names.bridge, labels: { [LABEL.component]: "bridge" } };
}

function statefulSet(practice: Practice, observed: Observed, configMap: string): Manifest & IStatefulSet {
  return recorded(practice, {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: metadata(practice),
    spec: {
      replicas: 1,
      serviceName: practice.names.media,
      // A pod that cannot start would otherwise hold back the one that repairs it.
      podManagementPolicy: "Parallel",
      updateStrategy: REPLACE_PODS,
      revisionHistoryLimit: 2,
      selector: { matchLabels: labels(practice, "bridge").selector },
      template: pod(practice, {
        role: "bridge",
        serviceAccountName: practice.names.bridge,
        user: 1000,
        annotations: KEEP_IN_PLACE,
        affinity: near(practice, "signalling"),
        terminationGracePeriodSeconds: CALL_GRACE_SECONDS,
        containers: [container(practice, observed), responder(practice)],
        volumes: [configurationVolume("jvb", configMap), trustVolume(practice), scratchVolume("tmp", "64Mi"), NOTHING],
      }),
    },
  });
}

function container(practice: Practice, observed: Observed): ContainerParams {
  const secretName = observed.secrets.signalling;
  // The pod's second address is found by its name, see jvb.ts; Java takes IPv4 unless told otherwise.
  const secondIsIPv6 =
    observed.mediaFamilies[0] !== "IPv6" && advertised(observed).some(({ ip }) => familyOf(ip) === "IPv6");
  const fromField = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
  return {
    name: "jvb",
    image: practice.images.jvb,
    command: ["java"],
    args: javaArguments("jvb", practice.sizing.bridgeHeapMiB, secondIsIPv6),
    env: [
      fromField("POD_IP", "status.podIP"),
      fromField("POD_NAME", "metadata.name"),
      secretVariable("JVB_PASSWORD", secretName, "bridge-password"),
      secretVariable("TRUSTSTORE_PASSWORD", secretName, "truststore-password"),
    ],
    ports: [{ name: "media", containerPort: bridgePort(practice), protocol: "UDP" }],
    ...probes(
      { exec: { command: ["curl", "-fsS", "-o", "/dev/null", `http://127.0.0.1:${JVB_HTTP_PORT}/about/health`] } },
      120,
    ),
    ...drainedFrom("/etc/jitsi/jvb"),
    resources: practice.sizing.bridge,
    volumeMounts: [
      { name: "jvb", mountPath: "/etc/jitsi/jvb", readOnly: true },
      TRUST_MOUNT,
      { name: "tmp", mountPath: "/tmp" },
      ...nothingAt("/config"),
    ],
  };
}
