import { context, type Span, SpanStatusCode, trace, type Tracer } from "@opentelemetry/api";
import { afterEach, beforeEach, expect, it } from "vitest";
import { traced } from "../../src/telemetry/tracing.ts";

interface Told {
  readonly name: string;
  readonly attributes: unknown;
  status?: unknown;
  ended: boolean;
}

let spans: Told[];

/** The smallest SDK there can be: it notes what the operator tells. */
beforeEach(() => {
  spans = [];
  const tracer = {
    startActiveSpan(name: string, { attributes }: { attributes: unknown }, run: (span: Span) => unknown) {
      const told: Told = { name, attributes, ended: false };
      spans.push(told);
      const span = { setStatus: (status: unknown) => void (told.status = status), end: () => void (told.ended = true) };
      return run(span as unknown as Span);
    },
  };
  trace.setGlobalTracerProvider({ getTracer: () => tracer as unknown as Tracer });
});
afterEach(() => {
  trace.disable();
  context.disable();
});

it("tells of what was done, and how it ended, but never what an error says", async () => {
  expect(await traced("reconcile", { controller: "c" }, () => Promise.resolve(7))).toBe(7);
  const failing = traced("reconcile", {}, () => Promise.reject(new TypeError("password hunter2 refused")));
  await expect(failing).rejects.toThrow("hunter2");
  expect(spans).toEqual([
    { name: "reconcile", attributes: { controller: "c" }, ended: true },
    { name: "reconcile", attributes: {}, ended: true, status: { code: SpanStatusCode.ERROR, message: "TypeError" } },
  ]);
});

it("does the work all the same where nobody listens", async () => {
  trace.disable();
  expect(await traced("reconcile", {}, () => Promise.resolve(7))).toBe(7);
  expect(spans).toEqual([]);
});
