import { describe, expect, it } from "vitest";
import { ApiError } from "../../src/runtime/errors.ts";
import { createLogger } from "../../src/telemetry/logger.ts";

function lines(level = "info") {
  const written: string[] = [];
  return { written, logger: createLogger(level, { write: (line) => void written.push(line) }) };
}

describe("logger", () => {
  it("writes one JSON object per line with level, time and message", () => {
    const { written, logger } = lines();
    logger.info({ object: "green/a" }, "hello");
    logger.debug("too fine");
    expect(written).toHaveLength(1);
    expect(JSON.parse(written[0] ?? "")).toMatchObject({ level: "info", object: "green/a", msg: "hello" });
    expect(JSON.parse(written[0] ?? "")).toHaveProperty("time", expect.stringMatching(/^\d{4}-.*Z$/));
  });

  it("never writes a secret's field, at any of three levels", () => {
    const { written, logger } = lines();
    const secret = { token: "hunter2", password: "hunter2", data: { a: "hunter2" }, authorization: "Bearer hunter2" };
    logger.info({ ...secret, headers: secret, request: { headers: secret } }, "asked");
    expect(written[0]).not.toContain("hunter2");
    expect(written[0]).toContain("[redacted]");
  });

  it("writes of an error only what is known to be safe", () => {
    const { written, logger } = lines();
    const error = Object.assign(new ApiError(422, "refused", { causes: [{ message: "hunter2" }] }), {
      request: "hunter2",
    });
    logger.error({ err: error }, "failed");
    expect(JSON.parse(written[0] ?? "")).toMatchObject({ err: { name: "ApiError", message: "refused" } });
    expect(written[0]).not.toContain("hunter2");
  });
});
