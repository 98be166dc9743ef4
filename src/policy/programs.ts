import type { IContainer } from "kubernetes-models/v1";
import type { Manifest } from "../manifest.ts";
import { remember, rememberText } from "../remember.ts";
import { containersOf, fileAt, type PodTemplate, podTemplates } from "./pods.ts";

/**
 * How the programs of a practice are started, argument by argument: directly, with one configuration file and
 * nothing that overrides it. A `-D` of Java or a second `-c` of Synapse would.
 */
const COMMANDS = {
  nginx: /^nginx\n(?:-e\nstderr\n)?-c\n(?<file>\/\S+)\n-g\ndaemon off;$/,
  prosody: /^prosody\n--config\n(?<file>\/\S+)\n-F$/,
  jicofo: java("/usr/share/jicofo", "jicofo.jar", "org.jitsi.jicofo.Main"),
  jvb: java("/usr/share/jitsi-videobridge", "jitsi-videobridge.jar", "org.jitsi.videobridge.MainKt", ["-XX:+UseG1GC"]),
  synapse: /^python3\n-m\nsynapse\.app\.homeserver\n-c\n(?<file>\/\S+)$/,
  postgres: /^postgres\n-D\n\/\S+\n-c\nconfig_file=(?<file>\/\S+)$/,
  pruner:
    /^psql\n--no-psqlrc\n--quiet\n--host=\S+\n--dbname=synapse\n--username=pruner\n--command=SELECT prune_residue\(\)$/,
  dump: /^pg_dump\n--format=custom\n--no-password\n--exclude-table-data=e2e_one_time_keys_json\n--host=\S+\n--username=synapse\n--dbname=synapse\n--file=\/copy\/database\.dump$/,
  copy: /^node\nsrc\/main\.ts\ncopy\ngive\n--database=\/copy\/database\.dump\n--media=\/data\/media$/,
  "make-database": /^sh\n(?<file>\/\S+)$/,
  entry: /^node\n--max-old-space-size=\d+\n--max-semi-space-size=\d+\nsrc\/main\.ts\nentry$/,
  stun: /^node\n--max-semi-space-size=1\nsrc\/main\.ts\nstun$/,
  probe: /^node\n--max-semi-space-size=1\nsrc\/main\.ts\nprobe\n(?:listen|dial)$/,
  // Checks of a configuration that is tried.
  "synapse-check": /^python3\n-m\nsynapse\.config\n-c\n(?<file>\/\S+)$/,
  "prosody-check": /^prosodyctl\n--config\n(?<file>\/\S+)\ncheck\nconfig$/,
  "postgres-check": /^postgres\n-D\n\/\S+\n-c\nconfig_file=(?<file>\/\S+)\n-C\nmax_connections$/,
  "java-check": /^java\n-version$/,
} as const;

/**
 * Every option is listed: one more can dump memory (`-XX:+HeapDumpOnOutOfMemoryError`), open a door (`-Xrunjdwp`,
 * `-Dcom.sun.management.jmxremote`), load code (`-javaagent`, another class path) or override a file (`-Dconfig.…`).
 */
function java(home: string, jar: string, main: string, collector: readonly string[] = []): RegExp {
  const options = [
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-HeapDumpOnOutOfMemoryError",
    "-XX:-CreateCoredumpOnCrash",
    "-XX:ErrorFile=/dev/null",
    "-XX:-UsePerfData",
    "-XX:+DisableAttachMechanism",
    "-Djdk.tls.ephemeralDHKeySize=2048",
  ];
  const folders = ["-Djava.io.tmpdir=/tmp", "-Djna.tmpdir=/tmp"];
  const trust = [
    "-Djavax.net.ssl.trustStore=/etc/jitsi/trust/truststore.p12",
    "-Djavax.net.ssl.trustStoreType=PKCS12",
    "-Djavax.net.ssl.trustStorePassword=$(TRUSTSTORE_PASSWORD)",
  ];
  const pattern = [
    "java",
    "-Xmx\\d+m",
    // Only a bridge with addresses of both families says which it prefers.
    `${[...collector, ...options].map(literally).join("\n")}(?:\n${literally("-Djava.net.preferIPv6Addresses=true")})?`,
    ...folders.map(literally),
    `${literally("-Djava.util.logging.config.file=")}(?<logging>/\\S+)`,
    `${literally("-Dconfig.file=")}(?<file>/\\S+)`,
    ...[...trust, "-cp", `${home}/${jar}:${home}/lib/*`, main].map(literally),
  ];
  return new RegExp(`^${pattern.join("\n")}$`);
}

function literally(text: string): string {
  return text.replaceAll(/[.*+$(){}|[\]\\^?]/g, "\\$&");
}

export type Program = keyof typeof COMMANDS;

export type Reader<T> = (text: string | undefined) => T;

/** A container, the program it starts, and what that reads. */
export interface Running {
  readonly program: Program;
  readonly pod: PodTemplate;
  readonly container: IContainer;
  /** The configuration file; absent when the program has none. */
  readonly path: string | undefined;
  /** A file as the program sees it; absent when it does not come from a ConfigMap of the practice. */
  readonly read: (path: string | undefined) => string | undefined;
  /** The configuration file, read by a reader that is asked only once. */
  readonly configuration: <T>(reader: Reader<T>) => T;
  /** Java only: the file that says what is logged. */
  readonly logging: string | undefined;
}

/** What a container starts; `undefined` for anything that a practice does not consist of. */
export function programOf(
  container: IContainer,
): { readonly program: Program; readonly groups: Readonly<Record<string, string>> } | undefined {
  if (!container.command) return undefined;
  return startedBy([...container.command, ...(container.args ?? [])].join("\n"));
}

const startedBy = rememberText((line): ReturnType<typeof programOf> => {
  for (const [program, pattern] of Object.entries(COMMANDS)) {
    const match = pattern.exec(line);
    if (match) return { program: program as Program, groups: { ...match.groups } };
  }
  return undefined;
});

/** All known programs that the workloads among the objects start, or those of one name. */
export function running(objects: readonly Manifest[], only?: Program): readonly Running[] {
  const found = everythingRunning(objects);
  return only ? found.filter(({ program }) => program === only) : found;
}

const everythingRunning = remember((objects: readonly Manifest[]): readonly Running[] =>
  podTemplates(objects).flatMap((pod) =>
    containersOf(pod.spec).flatMap((container) => {
      const found = programOf(container);
      if (!found) return [];
      const { file: path, logging } = found.groups;
      const read = (path: string | undefined) => (path ? fileAt(objects, pod, container, path) : undefined);
      const answers = remember((reader: Reader<unknown>) => reader(read(path)));
      const configuration = <T>(reader: Reader<T>) => answers(reader) as T;
      return [{ program: found.program, pod, container, path, read, configuration, logging }];
    }),
  ),
);
