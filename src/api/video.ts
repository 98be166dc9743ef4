import { z } from "zod";
import { annotations, fields, ipAddress, labelKey, mediaPort } from "./fields.ts";
import { type Rule, ruled } from "./rules.ts";

const mediaFields = fields({
  service: z
    .enum(["LoadBalancer", "NodePort"])
    .default("LoadBalancer")
    .describe("How media reaches the bridge: a load balancer for UDP, or a port of every node."),
  port: mediaPort()
    .optional()
    .describe(
      "The practice's UDP port; on the next one devices try the way beforehand. " +
        "Absent: chosen once from 30086 to 32766 and kept for good.",
    ),
  addresses: z
    .array(
      fields({
        ip: ipAddress().describe("An address that clients reach."),
        port: mediaPort().optional().describe("The port there, if a router maps another one; also for the next one."),
      }),
    )
    .max(8)
    .optional()
    .describe("Where clients send media, instead of what the cluster tells. Several are all advertised."),
  loadBalancerClass: labelKey().optional().describe("Which load balancer implementation makes the address."),
  externalTrafficPolicy: z
    .enum(["Local", "Cluster"])
    .optional()
    .describe("Absent: Local for LoadBalancer, Cluster for NodePort."),
  annotations: annotations()
    .optional()
    .describe("For the media Service. Only keys that cannot change where media goes; the others are refused by name."),
});

const nodePortRange: Rule<z.output<typeof mediaFields>> = {
  cel: "!has(self.service) || self.service != 'NodePort' || !has(self.port) || (self.port >= 30000 && self.port <= 32766)",
  holds: ({ service, port }) => service !== "NodePort" || port === undefined || (port >= 30000 && port <= 32766),
  message:
    "With service: NodePort the port lies between 30000 and 32766, because the next one is used as well. Leave it out and one is chosen.",
  field: ["port"],
};

const classNeedsLoadBalancer: Rule<z.output<typeof mediaFields>> = {
  cel: "!has(self.loadBalancerClass) || !has(self.service) || self.service == 'LoadBalancer'",
  holds: ({ service, loadBalancerClass }) => loadBalancerClass === undefined || service === "LoadBalancer",
  message: "loadBalancerClass has a meaning with service: LoadBalancer only. Remove one of the two.",
  field: ["loadBalancerClass"],
};

export const videoSchema = fields({
  // Text with a rule instead of an enum of one, so that whoever asks for another one is told why.
  provider: ruled(z.string().max(63).default("jitsi"), [
    {
      cel: "self == 'jitsi'",
      holds: (provider) => provider === "jitsi",
      message:
        "jitsi is the only provider: others cannot prove end-to-end encryption to the people in the call. " +
        "docs/video-provider.md has the comparison.",
    },
  ]).describe("What runs the calls. Only jitsi; see docs/video-provider.md."),
  maxParticipants: z.int().min(2).max(20).default(2).describe("People in one call at most, staff included."),
  verification: z
    .enum(["prompt", "required"])
    .default("prompt")
    .describe("Whether comparing safety symbols is offered or must be done before a call counts as verified."),
  sessions: fields({
    earlyMinutes: z.int().min(0).max(120).default(10).describe("How early a link opens the waiting room."),
    graceMinutes: z
      .int()
      .min(0)
      .max(240)
      .default(15)
      .describe("How long after its slot a call may go on. Staff can extend."),
  })
    .prefault({})
    .describe("When a link is good."),
  media: ruled(mediaFields, [nodePortRange, classNeedsLoadBalancer])
    .prefault({})
    .describe("How sound and picture reach the bridge. This is the line for your firewall."),
});
