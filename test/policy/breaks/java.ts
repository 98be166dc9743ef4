import { type Break, editPod } from "../../support/broken.ts";

/** Options of Java that dump memory, open a door, load code or override a file. */
const OPTIONS = [
  "-XX:+HeapDumpOnOutOfMemoryError",
  "-XX:HeapDumpPath=/tmp",
  "-XX:OnOutOfMemoryError=sh",
  "-XX:+CreateCoredumpOnCrash",
  "-XX:StartFlightRecording=filename=/tmp/x",
  "-XX:Flags=/tmp/flags",
  "-XX:-DisableAttachMechanism",
  "-Xrunjdwp:transport=dt_socket,server=y,address=*:5005",
  "-Xbootclasspath/a:/tmp/x.jar",
  "-agentlib:jdwp=transport=dt_socket,server=y,address=*:5005",
  "-javaagent:/tmp/x.jar",
  "-Dcom.sun.management.jmxremote.port=9010",
  "-Dconfig.override_with_env_vars=true",
  "-Dconfig.trace=loads",
  "-Dnet.java.sip.communicator.SC_HOME_DIR_LOCATION=/tmp",
  "@/tmp/options",
];

const VARIABLES = ["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH", "LD_PRELOAD", "PATH"];

type Args = { containers: { args: string[]; env: object[]; command: string[] }[] };

export const JAVA_BREAKS: readonly Break[] = [
  ...OPTIONS.map((option) => java(option, ({ args }) => args.splice(args.indexOf("-cp"), 0, option))),
  ...VARIABLES.map((name) =>
    java(`the variable ${name}`, ({ env }) => env.push({ name, value: "-XX:+HeapDumpOnOutOfMemoryError" })),
  ),
  java("an option before all others", ({ args }) => args.unshift("-verbose")),
  java("dumps on demand", ({ args }) => args.splice(args.indexOf("-XX:+DisableAttachMechanism"), 1)),
  java("another class path", ({ args }) => (args[args.indexOf("-cp") + 1] = "/tmp/x.jar:/usr/share/jicofo/lib/*")),
  java("another trust store", ({ args }) => {
    args[args.findIndex((arg) => arg.startsWith("-Djavax.net.ssl.trustStore="))] = "-Djavax.net.ssl.trustStore=/tmp/x";
  }),
  java("another class", ({ args }) => (args[args.length - 1] = "org.jitsi.Other")),
];

function java(what: string, change: (container: Args["containers"][number]) => unknown): Break {
  return editPod("programs-as-listed", `the bridge's Java: ${what}`, "StatefulSet/bridge", (spec: Args) => {
    for (const container of spec.containers) if (container.command[0] === "java") change(container);
  });
}
