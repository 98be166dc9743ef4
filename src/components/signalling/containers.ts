import type { Practice } from "../../practice/practice.ts";
import { javaArguments, TRUST_MOUNT } from "../jitsi/java.ts";
import { drainedFrom } from "../jitsi/drain.ts";
import { JICOFO_HTTP_PORT } from "../jitsi/jicofo.ts";
import { PROSODY_PATHS, READY_PATH } from "../jitsi/prosody.ts";
import { nothingAt, secretVariable } from "../jitsi/volumes.ts";
import { XMPP_HTTP_PORT, XMPP_INTERNAL_PORT, XMPP_PORT } from "../jitsi/xmpp.ts";
import { type ContainerParams, probes } from "../kube.ts";

/** Prosody, in service only while all modules of ours are loaded: a room without rules has no way in. */
export function prosodyContainer(practice: Practice): ContainerParams {
  const configuration = `${PROSODY_PATHS.configuration}/prosody.cfg.lua`;
  return {
    name: "prosody",
    image: practice.images.prosody,
    command: ["prosody"],
    args: ["--config", configuration, "-F"],
    ports: [
      { name: "http", containerPort: XMPP_HTTP_PORT, protocol: "TCP" },
      { name: "internal", containerPort: XMPP_INTERNAL_PORT, protocol: "TCP" },
      { name: "xmpp", containerPort: XMPP_PORT, protocol: "TCP" },
    ],
    ...probes({ httpGet: { path: READY_PATH, port: "http" } }),
    ...drainedFrom(PROSODY_PATHS.configuration),
    resources: practice.sizing.prosody,
    volumeMounts: [
      { name: "prosody", mountPath: PROSODY_PATHS.configuration, readOnly: true },
      { name: "modules", mountPath: PROSODY_PATHS.modules, readOnly: true },
      { name: "secrets", mountPath: PROSODY_PATHS.secrets, readOnly: true },
      { name: "rooms", mountPath: PROSODY_PATHS.roomKeys, readOnly: true },
      { name: "certificates", mountPath: PROSODY_PATHS.certificates, readOnly: true },
      { name: "prosody-data", mountPath: PROSODY_PATHS.data },
      { name: "prosody-tmp", mountPath: "/tmp" },
      ...nothingAt("/config"),
    ],
  };
}

/**
 * jicofo. Its own health check fails while no bridge is there, and the bridge reaches Prosody only through a
 * ready pod, so the probes ask for the version instead.
 */
export function jicofoContainer(practice: Practice, secretName: string): ContainerParams {
  return {
    name: "jicofo",
    image: practice.images.jicofo,
    command: ["java"],
    args: javaArguments("jicofo", practice.sizing.jicofoHeapMiB),
    env: [
      secretVariable("JICOFO_PASSWORD", secretName, "focus-password"),
      secretVariable("TRUSTSTORE_PASSWORD", secretName, "truststore-password"),
    ],
    ...probes(
      { exec: { command: ["curl", "-fsS", "-o", "/dev/null", `http://127.0.0.1:${JICOFO_HTTP_PORT}/about/version`] } },
      120,
    ),
    // Without it a call that Prosody still holds would lose its focus.
    ...drainedFrom("/etc/jitsi/jicofo"),
    resources: practice.sizing.jicofo,
    volumeMounts: [
      { name: "jicofo", mountPath: "/etc/jitsi/jicofo", readOnly: true },
      TRUST_MOUNT,
      { name: "jicofo-tmp", mountPath: "/tmp" },
      ...nothingAt("/config"),
    ],
  };
}
