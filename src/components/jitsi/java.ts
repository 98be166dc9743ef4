import type { IVolume, IVolumeMount } from "kubernetes-models/v1";
import type { Practice } from "../../practice/practice.ts";

/** Where the trust store for the practice's own CA is mounted. */
const TRUST_DIRECTORY = "/etc/jitsi/trust";

/**
 * Arguments that start a Java daemon directly: no shell, no dump of memory, the practice's own CA as the only
 * one that is trusted. Expects `TRUSTSTORE_PASSWORD` in the container's environment. `preferIPv6`: of
 * a name with addresses of both kinds the program takes that one.
 */
export function javaArguments(program: "jicofo" | "jvb", heapMiB: number, preferIPv6 = false): string[] {
  const home = `/usr/share/${program === "jicofo" ? "jicofo" : "jitsi-videobridge"}`;
  const jar = program === "jicofo" ? "jicofo.jar" : "jitsi-videobridge.jar";
  return [
    `-Xmx${heapMiB}m`,
    ...(program === "jvb" ? ["-XX:+UseG1GC"] : []),
    "-XX:+ExitOnOutOfMemoryError",
    // No memory on a disk, neither by accident nor on demand: it holds passwords, rooms and addresses.
    "-XX:-HeapDumpOnOutOfMemoryError",
    "-XX:-CreateCoredumpOnCrash",
    "-XX:ErrorFile=/dev/null",
    "-XX:-UsePerfData",
    "-XX:+DisableAttachMechanism",
    "-Djdk.tls.ephemeralDHKeySize=2048",
    ...(preferIPv6 ? ["-Djava.net.preferIPv6Addresses=true"] : []),
    "-Djava.io.tmpdir=/tmp",
    "-Djna.tmpdir=/tmp",
    `-Djava.util.logging.config.file=/etc/jitsi/${program}/logging.properties`,
    `-Dconfig.file=/etc/jitsi/${program}/${program}.conf`,
    `-Djavax.net.ssl.trustStore=${TRUST_DIRECTORY}/truststore.p12`,
    "-Djavax.net.ssl.trustStoreType=PKCS12",
    // Guards public certificates against accidents only, so it may stand on a command line.
    "-Djavax.net.ssl.trustStorePassword=$(TRUSTSTORE_PASSWORD)",
    "-cp",
    `${home}/${jar}:${home}/lib/*`,
    program === "jicofo" ? "org.jitsi.jicofo.Main" : "org.jitsi.videobridge.MainKt",
  ];
}

/** The trust store alone, without the private key that is in the same Secret. */
export function trustVolume(practice: Practice): IVolume {
  return {
    name: "trust",
    secret: {
      secretName: practice.names.signallingTls,
      items: [{ key: "truststore.p12", path: "truststore.p12" }],
      defaultMode: 0o440,
    },
  };
}

export const TRUST_MOUNT: IVolumeMount = { name: "trust", mountPath: TRUST_DIRECTORY, readOnly: true };
