import { SpanStatusCode, trace } from "@opentelemetry/api";
import { expect, it } from "vitest";
import { traced } from "../../src/telemetry/tracing.ts";
import { recordSpans } from "../support/spans.ts";

it("tells of what was done, and how it ended, but never what an error says", async () => {
  const spans = recordSpans();
  expect(await traced("reconcile", { controller: "c" }, () => Promise.resolve(7))).toBe(7);
  const failing = traced("reconcile", {}, () => Promise.reject(new TypeError("password hunter2 refused")));
  await expect(failing).rejects.toThrow("hunter2");
  expect(spans).toEqual([
    { name: "reconcile", attributes: { controller: "c" }, ended: true },
    { name: "reconcile", attributes: {}, ended: true, status: { code: SpanStatusCode.ERROR, message: "TypeError" } },
  ]);
});

it("does the work all the same where nobody listens", async () => {
  const spans = recordSpans();
  trace.disable();
  expect(await traced("reconcile", {}, () => Promise.resolve(7))).toBe(7);
  expect(spans).toEqual([]);
});
