import { z } from "zod";
import { configSchema } from "../config.ts";

const empty = z.record(z.string(), z.unknown());
const text = z.string();
/** The name of a user, as it stands between quotes in an expression. */
const user = text.regex(/^[A-Za-z0-9:@._/-]+$/);

/** What the chart decides itself: its own image, where the Lease is, and the port that probes and walls know. */
const OWNED_BY_CHART = { telemetry: true, leaderElection: true, images: true, operatorPeers: true } as const;

const images = configSchema.shape.images.unwrap().omit({ operator: true });

/** The chart's values. Whatever is not here is refused by helm, and what is enforced is not here. */
const valuesSchema = z.strictObject({
  image: z.strictObject({
    repository: text.min(1),
    tag: text,
    digest: text.regex(/^(sha256:[0-9a-f]{64})?$/),
  }),
  imagePullSecrets: z.array(z.strictObject({ name: text.min(1) })),
  replicas: z.int().min(1).max(5),
  config: configSchema.omit(OWNED_BY_CHART).extend({ images: images.optional() }).partial(),
  admission: z.strictObject({ certManager: z.array(user), exempt: z.array(user) }),
  crd: z.strictObject({ install: z.boolean() }),
  metrics: z.strictObject({
    from: z.array(empty),
    serviceMonitor: z.strictObject({ enabled: z.boolean(), labels: z.record(z.string(), text) }),
    alerts: z.strictObject({ enabled: z.boolean(), labels: z.record(z.string(), text) }),
    dashboard: z.strictObject({ enabled: z.boolean(), labels: z.record(z.string(), text) }),
  }),
  resources: empty,
  nodeSelector: z.record(z.string(), text),
  tolerations: z.array(empty),
  priorityClassName: text,
  // Set by a chart that has this one as a part.
  global: empty.optional(),
});

/** `values.schema.json`. The dialect is the one that every helm knows. */
export function valuesJsonSchema(): string {
  const schema = z.toJSONSchema(valuesSchema, {
    io: "input",
    target: "draft-07",
    override: ({ jsonSchema }) => {
      delete jsonSchema["x-kubernetes-validations"];
    },
  });
  return `${JSON.stringify(schema, null, 2)}\n`;
}
