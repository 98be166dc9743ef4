import { describe, expect, it } from "vitest";
import type { PracticeStatus } from "../../src/api/status.ts";
import type { Context, PracticeResource } from "../../src/controller/context.ts";
import { applyStatus } from "../../src/controller/status-apply.ts";
import { createStatuses } from "../../src/controller/statuses.ts";
import { ApiError } from "../../src/runtime/errors.ts";

const practice = (uid: string, resourceVersion: string) =>
  ({ metadata: { namespace: "green", name: "green", uid, resourceVersion } }) as PracticeResource;

const JUDGED = practice("former", "1");
const STATUS = { observedGeneration: 1, conditions: [] } as unknown as PracticeStatus;

/** An API server on which the practice is as `live` says at each request, and a cache that shows `cached`. */
function server(live: () => PracticeResource | undefined, cached = JUDGED) {
  const versions: (string | undefined)[] = [];
  const context = {
    cache: { get: () => cached },
    cluster: {
      get: async () => live(),
      apply: async (_: unknown, { metadata }: { metadata: { resourceVersion?: string } }) => {
        versions.push(metadata.resourceVersion);
        const now = live();
        if (!now) throw new ApiError(404, "gone");
        if (now.metadata.resourceVersion !== metadata.resourceVersion) throw new ApiError(409, "conflict");
        return now;
      },
    },
    statuses: createStatuses(),
  } as unknown as Context;
  return { write: () => applyStatus(context, JUDGED, STATUS), versions };
}

describe("a status", () => {
  it("is written in one request while nobody else writes", async () => {
    const { write, versions } = server(() => JUDGED);
    expect(await write()).toBe(JUDGED);
    expect(versions).toEqual(["1"]);
  });

  it("is written in the version that an edit has made meanwhile", async () => {
    const { write, versions } = server(() => practice("former", "2"));
    expect((await write())?.metadata.resourceVersion).toBe("2");
    expect(versions).toEqual(["1", "2"]);
  });

  it("is not written to a successor, whether the cache knows it or not", async () => {
    const unseen = server(() => practice("successor", "2"));
    expect(await unseen.write()).toBeUndefined();
    expect(unseen.versions).toEqual(["1"]);
    const seen = server(() => practice("successor", "2"), practice("successor", "2"));
    expect(await seen.write()).toBeUndefined();
    expect(seen.versions).toEqual([]);
  });

  it("of a practice that is gone is no error, and one that is edited all the time is one in the end", async () => {
    expect(await server(() => undefined).write()).toBeUndefined();
    let edits = 1;
    const restless = server(() => practice("former", String((edits += 1))));
    await expect(restless.write()).rejects.toThrow("conflict");
    expect(restless.versions).toHaveLength(4);
  });
});
