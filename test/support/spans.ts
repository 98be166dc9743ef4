import { type Span, trace, type Tracer } from "@opentelemetry/api";
import { onTestFinished } from "vitest";

/** A span as the operator told it. */
export interface ToldSpan {
  readonly name: string;
  readonly attributes: unknown;
  status?: unknown;
  ended: boolean;
}

/** The smallest OpenTelemetry SDK there can be, until the test is over. @returns what the operator tells it, as it comes. */
export function recordSpans(): readonly ToldSpan[] {
  const spans: ToldSpan[] = [];
  const tracer = {
    startActiveSpan(name: string, { attributes }: { attributes: unknown }, run: (span: Span) => unknown) {
      const told: ToldSpan = { name, attributes, ended: false };
      spans.push(told);
      const span = { setStatus: (status: unknown) => void (told.status = status), end: () => void (told.ended = true) };
      return run(span as unknown as Span);
    },
  };
  trace.setGlobalTracerProvider({ getTracer: () => tracer as unknown as Tracer });
  onTestFinished(() => trace.disable());
  return spans;
}
