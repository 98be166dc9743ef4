import type { IStatefulSet } from "kubernetes-models/apps/v1";
import type { IService, IVolume } from "kubernetes-models/v1";
import { ANNOTATION, LABEL } from "../../api/group.ts";
import type { Manifest } from "../../manifest.ts";
import type { Observed, Practice } from "../../practice/practice.ts";
import type { Await, Component, Params, Walls } from "../component.ts";
import { configuration } from "../configuration.ts";
import { trustVolume } from "../jitsi/java.ts";
import { DRAIN_FILE } from "../jitsi/drain.ts";
import { jicofoConf } from "../jitsi/jicofo.ts";
import { loggingProperties } from "../jitsi/logging.ts";
import { near } from "../jitsi/placement.ts";
import { groupsTxt, prosodyCfg } from "../jitsi/prosody.ts";
import { CALL_GRACE_SECONDS, configurationVolume, KEEP_IN_PLACE, NOTHING, scratchVolume } from "../jitsi/volumes.ts";
import { XMPP_HTTP_PORT, XMPP_INTERNAL_PORT, XMPP_PORT } from "../jitsi/xmpp.ts";
import { labels, pod, REPLACE_PODS } from "../kube.ts";
import { recorded } from "../record.ts";
import { jicofoContainer, prosodyContainer } from "./containers.ts";

/** Prosody and jicofo in one pod: they live and die together, and jicofo needs no wall of its own. */
export const signalling: Component = { name: "signalling", build, awaits, walls };

function build(params: Params): readonly Manifest[] {
  const { practice, observed, assets } = params;
  const drain = { [DRAIN_FILE]: assets.drain.signalling };
  const configurations = {
    prosody: configuration(practice, "prosody", {
      "prosody.cfg.lua": prosodyCfg(practice),
      "groups.txt": groupsTxt(practice),
      ...drain,
    }),
    modules: configuration(practice, "room-modules", assets.prosodyModules),
    jicofo: configuration(practice, "jicofo", {
      "jicofo.conf": jicofoConf(practice),
      "logging.properties": loggingProperties("jicofo"),
      ...drain,
    }),
  };
  // The Service is always there: the front pod looks its name up when it starts.
  const foundation: Manifest[] = [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: metadata(practice), automountServiceAccountToken: false },
    service(practice),
  ];
  if (awaits(params).length > 0) return foundation;
  const volumes = podVolumes(practice, observed, {
    prosody: configurations.prosody.metadata.name,
    modules: configurations.modules.metadata.name,
    jicofo: configurations.jicofo.metadata.name,
  });
  return [...foundation, ...Object.values(configurations), statefulSet(practice, observed, volumes)];
}

function awaits({ observed }: Params): readonly Await[] {
  if (observed.apis.certManager) return [];
  return [
    {
      component: "signalling",
      reason: "CertManagerMissing",
      message: "Video waits for cert-manager, which makes the certificates inside the practice. Please install it.",
    },
  ];
}

function walls(): Walls {
  return {
    role: "signalling",
    listens: [
      { port: XMPP_HTTP_PORT, protocol: "TCP", from: { kind: "role", role: "front" } },
      { port: XMPP_INTERNAL_PORT, protocol: "TCP", from: { kind: "role", role: "entry" } },
      { port: XMPP_PORT, protocol: "TCP", from: { kind: "role", role: "bridge" } },
      { port: XMPP_INTERNAL_PORT, protocol: "TCP", from: { kind: "operator" } },
    ],
    talksTo: [],
  };
}

function metadata(practice: Practice) {
  return { name: practice.names.signalling, labels: { [LABEL.component]: "signalling" } };
}

function service(practice: Practice): Manifest & IService {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadata(practice),
    spec: {
      selector: labels(practice, "signalling").selector,
      ports: [
        { name: "http", port: XMPP_HTTP_PORT, targetPort: "http", protocol: "TCP" },
        { name: "internal", port: XMPP_INTERNAL_PORT, targetPort: "internal", protocol: "TCP" },
        { name: "xmpp", port: XMPP_PORT, targetPort: "xmpp", protocol: "TCP" },
      ],
    },
  };
}

function statefulSet(practice: Practice, observed: Observed, volumes: readonly IVolume[]): Manifest & IStatefulSet {
  return recorded(practice, {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: metadata(practice),
    spec: {
      replicas: 1,
      serviceName: practice.names.signalling,
      // A pod that cannot start would otherwise hold back the one that repairs it.
      podManagementPolicy: "Parallel",
      updateStrategy: REPLACE_PODS,
      revisionHistoryLimit: 2,
      selector: { matchLabels: labels(practice, "signalling").selector },
      template: pod(practice, {
        role: "signalling",
        serviceAccountName: practice.names.signalling,
        user: 1000,
        annotations: { ...KEEP_IN_PLACE, ...renewedCertificate(practice, observed) },
        affinity: near(practice, "bridge"),
        terminationGracePeriodSeconds: CALL_GRACE_SECONDS,
        containers: [prosodyContainer(practice), jicofoContainer(practice, observed.secrets.signalling)],
        volumes,
      }),
    },
  });
}

/** Rolls the pod when cert-manager has renewed the certificate, which Prosody reads only when it starts. */
function renewedCertificate({ names }: Practice, observed: Observed): Record<string, string> {
  const print = observed.secretFingerprints[names.signallingTls];
  return print === undefined ? {} : { [ANNOTATION.secrets]: print };
}

function podVolumes(
  practice: Practice,
  observed: Observed,
  maps: { prosody: string; modules: string; jicofo: string },
): IVolume[] {
  const secret = (name: string, secretName: string, keys: readonly string[]): IVolume => ({
    name,
    secret: { secretName, items: keys.map((key) => ({ key, path: key })), defaultMode: 0o440 },
  });
  return [
    configurationVolume("prosody", maps.prosody),
    configurationVolume("modules", maps.modules),
    configurationVolume("jicofo", maps.jicofo),
    secret("secrets", observed.secrets.signalling, ["focus-password", "bridge-password"]),
    roomKeys(practice, observed),
    secret("certificates", practice.names.signallingTls, ["tls.crt", "tls.key"]),
    trustVolume(practice),
    scratchVolume("prosody-data", "16Mi"),
    scratchVolume("prosody-tmp", "16Mi"),
    scratchVolume("jicofo-tmp", "64Mi"),
    NOTHING,
  ];
}

/**
 * The public keys of room tokens, named after the number of the Secret that holds the pair. The next one is mounted
 * before it exists, so that a new key reaches Prosody without a restart.
 */
function roomKeys({ names }: Practice, { secrets }: Observed): IVolume {
  const current = Number(secrets.rooms.split("-").at(-1));
  const source = (version: number, optional: boolean) => ({
    secret: {
      name: names.bornSecret("rooms", version),
      items: [{ key: "public.pem", path: `${version}.pem` }],
      ...(optional && { optional }),
    },
  });
  return {
    name: "rooms",
    projected: { sources: [source(current, false), source(current + 1, true)], defaultMode: 0o440 },
  };
}
