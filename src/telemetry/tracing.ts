import { type Attributes, SpanStatusCode, trace } from "@opentelemetry/api";

/**
 * Runs something as a span. Costs nothing until whoever runs the operator loads an OpenTelemetry SDK (`node --import …`).
 * @param attributes nothing that could name a person, a room or a secret.
 */
export async function traced<T>(name: string, attributes: Attributes, run: () => Promise<T>): Promise<T> {
  // Asked each time: an SDK may register after this module was loaded.
  return trace.getTracer("telehealth-operator").startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await run();
    } catch (error) {
      // The name only: a message may quote what the API server refused.
      span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : "unknown" });
      throw error;
    } finally {
      span.end();
    }
  });
}
