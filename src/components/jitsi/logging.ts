/**
 * Loggers that may speak, and from which level. Everything else is off: both daemons write room, participant or
 * address into warnings of about every other class (`Rejected request from unauthorized user: …`,
 * `Replacing the socket for remote address …`). Of these every message of that level was read in the source of
 * jicofo and JVB as of stable-11146 and of jicoco e8384e2: they name the practice's own bridge and nobody else.
 * jicofo's connection warns with a participant's address, the bridge's (`MucClient`) too, so of them only errors.
 */
const SPEAKING = {
  jicofo: {
    "org.jitsi.config": "WARNING",
    "org.jitsi.jicofo.JicofoServices": "WARNING",
    "org.jitsi.jicofo.Main": "WARNING",
    "org.jitsi.jicofo.bridge.BridgeSelector": "WARNING",
    "org.jitsi.jicofo.bridge.JvbDoctor": "WARNING",
    "org.jitsi.jicofo.xmpp.XmppProvider": "SEVERE",
  },
  jvb: {
    "org.jitsi.config": "WARNING",
    "org.jitsi.health.HealthChecker": "WARNING",
    "org.jitsi.videobridge.Main": "WARNING",
    "org.jitsi.videobridge.ice.Harvesters": "WARNING",
    "org.jitsi.xmpp.mucclient.MucClient": "SEVERE",
    "org.jitsi.xmpp.mucclient.MucClientManager": "SEVERE",
  },
} as const;

/**
 * `logging.properties` of a Java daemon. Java's own formatter, because Jitsi's puts the logger's context in front of
 * every line, which is the room and the participant. Without what was thrown, which quotes stanzas.
 */
export function loggingProperties(program: "jicofo" | "jvb"): string {
  const levels = Object.entries(SPEAKING[program]).map(([logger, level]) => `${logger}.level = ${level}\n`);
  return `handlers = java.util.logging.ConsoleHandler
java.util.logging.ConsoleHandler.level = WARNING
java.util.logging.ConsoleHandler.formatter = java.util.logging.SimpleFormatter
java.util.logging.SimpleFormatter.format = %1$tFT%1$tT%1$tz ${program} %4$s %3$s: %5$s%n
.level = OFF
${levels.join("")}`;
}
