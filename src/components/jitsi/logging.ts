/** `logging.properties` of a Java daemon: warnings to standard error, nothing below, because info names rooms. */
export function loggingProperties(program: "jicofo" | "jvb"): string {
  return `handlers = java.util.logging.ConsoleHandler
java.util.logging.ConsoleHandler.level = ALL
java.util.logging.ConsoleHandler.formatter = org.jitsi.utils.logging2.JitsiLogFormatter
org.jitsi.utils.logging2.JitsiLogFormatter.programname = ${program}
.level = WARNING
`;
}
