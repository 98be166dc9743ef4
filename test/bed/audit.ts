import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

/** One request as the API server itself recorded it (audit.k8s.io/v1). */
export interface AuditEvent {
  readonly verb: string;
  readonly requestURI: string;
  readonly stage: string;
  readonly user: { readonly username: string; readonly groups?: readonly string[] };
  readonly userAgent?: string;
  readonly objectRef?: {
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly apiGroup?: string;
  };
  readonly responseStatus?: { readonly code: number };
  /** Only of a write to a pod's status: as it was sent. */
  readonly requestObject?: object;
  readonly requestReceivedTimestamp: string;
  /** When it was answered. */
  readonly stageTimestamp: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Keeps everything but the request bodies, and those of writes to a pod's status; one line per finished request. */
export const auditPolicy = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [{ level: "Request", resources: [{ group: "", resources: ["pods/status"] }] }, { level: "Metadata" }],
};

/**
 * The events of an audit log that `select` wants, oldest first; lines without `text` are not looked at. A request's line may be written a moment after its
 * answer arrived: whoever expects one waits for it, whoever expects none asks after a pause.
 */
export async function readAuditLog(file: string, select: (event: AuditEvent) => boolean = () => true, text = "") {
  const events: AuditEvent[] = [];
  for await (const line of createInterface({ input: createReadStream(file) })) {
    // The last line may be half written; parsing all of a long log at every look takes its time.
    if (!line.endsWith("}") || !line.includes(text)) continue;
    const event = JSON.parse(line) as AuditEvent;
    if (select(event)) events.push(event);
  }
  return events;
}
