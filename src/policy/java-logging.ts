/**
 * Lines of a `logging.properties` besides the levels of loggers. Java's formatter with neither the place in the code
 * nor what was thrown: Jitsi's own puts room and participant in front of every line.
 */
const FRAME = [
  /^handlers = java\.util\.logging\.ConsoleHandler$/,
  /^java\.util\.logging\.ConsoleHandler\.level = WARNING$/,
  /^java\.util\.logging\.ConsoleHandler\.formatter = java\.util\.logging\.SimpleFormatter$/,
  /^java\.util\.logging\.SimpleFormatter\.format = (?:[^%]|%1\$t[FTz]|%[345]\$s|%n)+$/,
  /^\.level = OFF$/,
];

/** Loggers of jicofo, the bridge and what both are made of, whose warnings name nobody. */
const WARNS =
  /^org\.jitsi\.(?:config|health\.HealthChecker|jicofo\.(?:JicofoServices|Main|bridge\.(?:BridgeSelector|JvbDoctor))|videobridge\.(?:Main|ice\.Harvesters))\.level = (?:WARNING|SEVERE|OFF)$/;

/** Loggers whose errors do not, though their warnings do. */
const FAILS =
  /^org\.jitsi\.(?:jicofo\.xmpp\.XmppProvider|xmpp\.mucclient\.(?:MucClient|MucClientManager))\.level = (?:SEVERE|OFF)$/;

/** Whether all that a Java daemon writes to its log names no room, no participant and no address. */
export function namesNobody(logging: string | undefined): boolean {
  const lines = (logging ?? "").trimEnd().split("\n");
  const others = lines.filter((line) => !WARNS.test(line) && !FAILS.test(line));
  return others.length === FRAME.length && FRAME.every((line, index) => line.test(others[index] ?? ""));
}
