import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { certificatesSchema, exposureSchema } from "./api/edge.ts";
import type { DeepReadonly } from "./api/fields.ts";
import { DEFAULT_IMAGES, type ImageName } from "./versions.ts";

/** What belongs to the cluster and not to a practice. The operator's chart writes it as one file. */

const peer = z
  .strictObject({
    namespaceSelector: z.record(z.string(), z.unknown()).optional(),
    podSelector: z.record(z.string(), z.unknown()).optional(),
    ipBlock: z.strictObject({ cidr: z.string(), except: z.array(z.string()).optional() }).optional(),
  })
  .refine((self) => Object.values(self).some((part) => part !== undefined), {
    message: "needs namespaceSelector, podSelector or ipBlock",
  });

/** kube-dns and CoreDNS carry the same label; NodeLocal DNSCache answers at a link-local address. */
const USUAL_DNS = [
  {
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
    podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
  },
  { ipBlock: { cidr: "169.254.20.10/32" } },
];

const labelRequirement = z
  .strictObject({
    key: z.string().min(1),
    operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist"]),
    values: z.array(z.string()).optional(),
  })
  .refine(({ operator, values }) => operator.endsWith("In") === (values !== undefined && values.length > 0), {
    message: "needs values with In and NotIn, and none with Exists and DoesNotExist",
  });

const image = z.string().min(1).optional();
const imageNames = Object.keys(DEFAULT_IMAGES) as ImageName[];

export const configSchema = z.strictObject({
  watchNamespaces: z.array(z.string().min(1)).default([]).describe("Namespaces to look after; all when empty."),
  images: z
    .strictObject(Object.fromEntries(imageNames.map((name) => [name, image])) as Record<ImageName, typeof image>)
    .default({})
    .describe("Images to use instead of the release's own, for mirrors. Reported as an exception."),
  frontDoor: z
    .array(peer)
    .optional()
    .describe("Who may knock at practices: NetworkPolicy peers of the ingress controller. By its class when absent."),
  operatorPeers: z
    .array(peer)
    .default([])
    .describe(
      "NetworkPolicy peers of the operator's own pods, which may ask whether a call is going on; the chart fills them in.",
    ),
  dns: z
    .strictObject({
      peers: z.array(peer).min(1).default(USUAL_DNS).describe("NetworkPolicy peers that answer DNS."),
      ports: z
        .array(z.int().min(1).max(65535))
        .min(1)
        .default([53])
        .describe("Ports they answer at; 5353 on OpenShift."),
    })
    .prefault({})
    .describe("Where DNS answers."),
  defaults: z
    .strictObject({
      certificates: certificatesSchema.optional().describe("For practices that state no spec.certificates."),
      exposure: exposureSchema.optional().describe("For practices that state no spec.exposure."),
      storageClassName: z.string().optional().describe("For practices that state no spec.storageClassName."),
    })
    .default({})
    .describe("What practices may leave out."),
  allowedAnnotations: z
    .array(z.string().min(1))
    .default([])
    .describe("Annotation keys that practices may set besides the usual ones. Each can weaken a promise."),
  domains: z
    .enum(["any", "byNamespace"])
    .default("any")
    .describe(
      "`byNamespace`: a practice may claim only hosts in the domains that its namespace's annotation " +
        "`telehealth-operator.io/domains` lists.",
    ),
  shard: z
    .strictObject({
      name: z
        .string()
        .regex(/^[a-z0-9]([-a-z0-9]{0,28}[a-z0-9])?$/)
        .describe("Ends the name of the Lease, and stands in metrics."),
      practices: z
        .strictObject({
          matchLabels: z.record(z.string().min(1), z.string()).optional(),
          matchExpressions: z.array(labelRequirement).optional(),
        })
        .refine(
          ({ matchLabels = {}, matchExpressions = [] }) =>
            Object.keys(matchLabels).length + matchExpressions.length > 0,
          {
            message: "needs matchLabels or matchExpressions; leave `shard` out where one operator looks after all",
          },
        )
        .describe("Label selector of the practices to look after."),
    })
    .optional()
    .describe("One of several operators that share a cluster's practices: docs/fleet.md. All practices when absent."),
  leaderElection: z
    .strictObject({
      enabled: z.boolean().default(true).describe("Off only where there can be one operator at most."),
      namespace: z.string().optional().describe("Where the Lease is; the operator's own namespace when absent."),
      name: z.string().min(1).default("telehealth-operator").describe("Name of the Lease."),
    })
    .prefault({})
    .describe("Who works when there are several operators."),
  telemetry: z
    .strictObject({
      host: z.string().default("0.0.0.0").describe("Address to listen at."),
      port: z
        .int()
        .min(0)
        .max(65535)
        .default(8080)
        .describe("Port of /healthz, /readyz and /metrics; 0 takes a free one."),
    })
    .prefault({})
    .describe("Health and metrics."),
  probe: z
    .strictObject({
      everyHours: z
        .int()
        .min(0)
        .max(168)
        .default(24)
        .describe("How often it is tried whether the network obeys a practice's walls; 0: only when somebody asks."),
    })
    .prefault({})
    .describe("Six small pods per practice and try, for about half a minute."),
  workers: z.int().min(1).max(64).default(8).describe("Practices reconciled at the same time."),
  logLevel: z.enum(["debug", "info", "warn", "error"]).default("info").describe("How much is logged."),
});

type Parsed = z.output<typeof configSchema>;
export type Config = DeepReadonly<Omit<Parsed, "images">> & { readonly images: Readonly<Record<ImageName, string>> };

/** Flags of the command line; each wins over its environment variable, and that over the file. */
export interface ConfigFlags {
  /** YAML or JSON; `TELEHEALTH_CONFIG`. */
  readonly config?: string | undefined;
  /** Separated by commas; `TELEHEALTH_WATCH_NAMESPACES`. */
  readonly watchNamespaces?: string | undefined;
  /** `TELEHEALTH_LOG_LEVEL`. */
  readonly logLevel?: string | undefined;
}

/** The options cannot be used. */
export class InvalidConfig extends Error {}

/**
 * Reads the operator's options, once, frozen. The only reader of the environment for them.
 * @throws InvalidConfig listing every problem with its option's name.
 */
export function loadConfig(
  flags: ConfigFlags = {},
  env: Readonly<Record<string, string | undefined>> = process.env,
): Config {
  const file = flags.config ?? env["TELEHEALTH_CONFIG"];
  const namespaces = flags.watchNamespaces ?? env["TELEHEALTH_WATCH_NAMESPACES"];
  const logLevel = flags.logLevel ?? env["TELEHEALTH_LOG_LEVEL"];
  const parsed = configSchema.safeParse({
    ...(file && readOptions(file)),
    ...(namespaces !== undefined && { watchNamespaces: namespaces.split(",").filter((name) => name !== "") }),
    ...(logLevel && { logLevel }),
  });
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      ({ path, message }) => `  ${z.core.toDotPath(path) || "(top)"}: ${message}`,
    );
    throw new InvalidConfig(
      `The operator's options${file ? ` in ${file}` : ""} cannot be used:\n${problems.join("\n")}`,
    );
  }
  const given = Object.fromEntries(Object.entries(parsed.data.images).filter(([, image]) => image !== undefined));
  return freeze({ ...parsed.data, images: { ...DEFAULT_IMAGES, ...given } });
}

/** The variables by which a cluster is found: KUBECONFIG and a pod's own. */
export function environment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}

function readOptions(file: string): object {
  let content: unknown;
  try {
    content = parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new InvalidConfig(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (content === null) return {};
  if (typeof content === "object" && !Array.isArray(content)) return content;
  throw new InvalidConfig(`${file} must hold options by name, such as \`logLevel: info\`.`);
}

function freeze<T>(value: T): T {
  if (value !== null && typeof value === "object") Object.values(value).forEach(freeze);
  return Object.freeze(value);
}
