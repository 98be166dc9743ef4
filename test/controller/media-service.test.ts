import { describe, expect, it } from "vitest";
import type { PracticeSpec } from "../../src/api/practice.ts";
import type { Context, PracticeResource } from "../../src/controller/context.ts";
import { withMediaService } from "../../src/controller/media-service.ts";
import { ApiError } from "../../src/runtime/errors.ts";

const TAKEN = new ApiError(422, "spec.ports[0].nodePort: Invalid value: 31000: provided port is already allocated");

/** What there was before of the practice. */
type Had = "workloads" | "a former practice" | "nothing";

/** Applies to an API server that refuses the first `refusals` times, for a practice whose identity says 31000. */
async function applied(given: { refusals: number; error?: Error; port?: number; had?: Had }) {
  const { refusals, error = TAKEN, port, had = "workloads" } = given;
  const patched: unknown[] = [];
  let tries = 0;
  const creationTimestamp = `2026-11-${had === "a former practice" ? "26" : "27"}T08:00:01Z`;
  const metadata = { namespace: "a", name: "a-identity", uid: "1", labels: LABELS, creationTimestamp };
  const live: Readonly<Record<string, object | undefined>> = {
    "a-identity": { metadata, data: DATA },
    "a-signalling": had === "workloads" ? {} : undefined,
  };
  const context = {
    signal: new AbortController().signal,
    cache: { get: (_: unknown, { name }: { name: string }) => live[name], list: () => [], serves: () => true },
    cluster: {
      mergePatch: (...[, , patch]: [unknown, unknown, { data: object }]) => Promise.resolve(patched.push(patch.data)),
    },
  } as unknown as Context;
  const resource = {
    metadata: { namespace: "a", name: "a", uid: "7", creationTimestamp: "2026-11-27T08:00:00Z" },
  } as PracticeResource;
  const spec = { video: { media: { port } } } as PracticeSpec;
  const apply = () => {
    tries += 1;
    return tries <= refusals ? Promise.reject(error) : Promise.resolve("applied");
  };
  const outcome = await withMediaService(context, resource, spec, apply).catch((e: unknown) => e);
  return { outcome, tries, patched };
}

const LABELS = { "telehealth-operator.io/practice": "a", "telehealth-operator.io/practice-uid": "7" };
const DATA = { serverName: "a.example", mediaPort: "31000", postgresMajor: "17" };

describe("a media port that the API server says is taken", () => {
  it.each(["workloads", "a former practice"] as const)(
    "is kept when it is free a moment later, by a practice that had %s: the Service has not let go of it yet",
    async (had) => {
      expect(await applied({ refusals: 2, had })).toEqual({ outcome: "applied", tries: 3, patched: [] });
    },
  );

  it("is given up for the next one when it stays taken", async () => {
    const { outcome, tries, patched } = await applied({ refusals: 9 });
    expect(outcome).toMatchObject({ reason: "Progressing" });
    expect({ tries, patched }).toEqual({ tries: 3, patched: [{ mediaPort: "31002" }] });
  });

  it("is given up at once by a practice that was just born: nobody knows it", async () => {
    const { tries, patched } = await applied({ refusals: 9, had: "nothing" });
    expect({ tries, patched }).toEqual({ tries: 1, patched: [{ mediaPort: "31002" }] });
  });

  it("is told to whoever stated it, only when it stays taken", async () => {
    const { outcome, patched } = await applied({ refusals: 9, port: 31_000 });
    expect(outcome).toMatchObject({
      reason: "InvalidSpec",
      message: expect.stringContaining("spec.video.media.port: "),
    });
    expect(patched).toEqual([]);
    expect(await applied({ refusals: 1, port: 31_000 })).toMatchObject({ outcome: "applied", tries: 2 });
  });

  it("is not what another refusal is about", async () => {
    const error = new ApiError(422, "spec.ports[0].port: Invalid value");
    expect(await applied({ refusals: 1, error })).toEqual({ outcome: error, tries: 1, patched: [] });
  });
});
