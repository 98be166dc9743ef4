import { describe, expect, it } from "vitest";
import { loggingProperties } from "../../../src/components/jitsi/logging.ts";

/** Java's `Properties`, as far as we write them. */
function read(text: string): ReadonlyMap<string, string> {
  return new Map(
    text
      .trimEnd()
      .split("\n")
      .map((line) => {
        const [, key, value] = /^([^\s=:#!]+) = (.*)$/.exec(line) ?? [];
        if (key === undefined || value === undefined) throw new Error(`${line} is no plain property`);
        return [key, value] as const;
      }),
  );
}

/** The level that holds for a logger: its own, or that of the nearest one above it. */
function levelOf(properties: ReadonlyMap<string, string>, logger: string): string | undefined {
  const own = properties.get(`${logger}.level`);
  if (own !== undefined || logger === "") return own;
  return levelOf(properties, logger.includes(".") ? logger.slice(0, logger.lastIndexOf(".")) : "");
}

/**
 * Loggers with a warning or an error that names a room, a participant or an address, and what it says: read in the
 * sources of stable-11146.
 */
const TALKERS = {
  jicofo: {
    "org.jitsi.jicofo.conference.JitsiMeetConferenceImpl": "Mute not allowed for non-moderator (JID)",
    "org.jitsi.jicofo.conference.Participant": "Received transport-reject: (stanza)",
    "org.jitsi.jicofo.conference.ParticipantInviteRunnable": "Failed to convert (stanza)",
    "org.jitsi.jicofo.FocusManager": "Meeting ID already exists for (room)",
    "org.jitsi.jicofo.bridge.colibri.ColibriV2SessionManager":
      "Failed to allocate a colibri2 endpoint for (participant)",
    "org.jitsi.jicofo.bridge.colibri.Colibri2Session": "Received error response for (conference): (stanza)",
    "org.jitsi.jicofo.xmpp.AvModerationHandler": "Failed to process av_moderation request from (JID)",
    "org.jitsi.jicofo.xmpp.JibriIqHandler": "Jibri IQ not accepted by any conference: (stanza)",
    "org.jitsi.jicofo.xmpp.JigasiIqHandler": "Rejected request from unauthorized user: (JID)",
    "org.jitsi.jicofo.xmpp.MuteIqHandler": "Mute request for unknown conference: (stanza)",
    "org.jitsi.jicofo.xmpp.muc.ChatRoomImpl": "(room in the context)",
    "org.jitsi.jicofo.xmpp.jingle.JingleSession": "(JID in the context)",
    "org.jivesoftware.smack.AbstractXMPPConnection": "(stanza)",
  },
  jvb: {
    "org.jitsi.videobridge.Videobridge": "Will not create conference, conference already exists for (meeting)",
    "org.jitsi.videobridge.Conference": "(room in the context)",
    "org.jitsi.videobridge.Endpoint": "(participant in the context)",
    "org.jitsi.videobridge.transport.ice.IceTransport": "(participant in the context)",
    "org.jitsi.videobridge.xmpp.XmppConnection": "Took … ms to handle IQ: (stanza)",
    "org.jitsi.videobridge.colibri2.Colibri2ConferenceHandler": "(participant in the context)",
    "org.jitsi.nlj.dtls.DtlsStack": "(participant in the context)",
    "org.ice4j.ice.Agent": "Received check for unknown candidate pair (address)",
    "org.ice4j.ice.ConnectivityCheckClient": "Failed to send (request with address)",
    "org.ice4j.ice.harvest.SinglePortUdpHarvester": "Replacing the socket for remote address (address)",
    "org.ice4j.stack.StunStack": "Failed to process (message with address)",
    "org.jivesoftware.smack.AbstractXMPPConnection": "(stanza)",
  },
} as const;

/** Of these warnings name a participant's JID, errors do not. */
const SPEAK_OF_ERRORS = { jicofo: "org.jitsi.jicofo.xmpp.XmppProvider", jvb: "org.jitsi.xmpp.mucclient.MucClient" };

describe.each(["jicofo", "jvb"] as const)("logging.properties of %s", (program) => {
  const properties = read(loggingProperties(program));

  it.each(Object.entries(TALKERS[program]))("lets %s say nothing: %s", (logger) => {
    expect(levelOf(properties, logger)).toBe("OFF");
  });

  it("lets nobody who is not on a list speak", () => {
    expect(levelOf(properties, "")).toBe("OFF");
    expect(levelOf(properties, "org.jitsi.a.class.of.tomorrow")).toBe("OFF");
    expect(levelOf(properties, SPEAK_OF_ERRORS[program])).toBe("SEVERE");
    for (const level of [...properties].filter(([key]) => key.endsWith(".level")).map(([, value]) => value)) {
      expect(["OFF", "SEVERE", "WARNING"]).toContain(level);
    }
  });

  it("writes to standard error alone, without the context of a logger and without stack traces", () => {
    expect(properties.get("handlers")).toBe("java.util.logging.ConsoleHandler");
    expect(properties.get("java.util.logging.ConsoleHandler.formatter")).toBe("java.util.logging.SimpleFormatter");
    // Time, level, logger, message; not the caller (2) and not what was thrown (6).
    expect(properties.get("java.util.logging.SimpleFormatter.format")?.match(/%\d\$\w/g)).toEqual([
      "%1$t",
      "%1$t",
      "%1$t",
      "%4$s",
      "%3$s",
      "%5$s",
    ]);
    expect([...properties.keys()].filter((key) => key === "config" || key.endsWith(".handlers"))).toEqual([]);
  });
});
