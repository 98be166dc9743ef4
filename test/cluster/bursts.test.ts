import { describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait.ts";
import { type Disturbed, disturbed } from "../support/disturbed.ts";
import type { Fault, ProxiedRequest } from "../support/proxy.ts";

/** So long the API server answers nothing as it should. */
const BURST_MS = 5000;

type Answer = Omit<Extract<Fault, { kind: "answer" }>, "kind">;
type Refused = ProxiedRequest & { readonly at: number };

const busy = (): Answer => ({ status: 429, reason: "TooManyRequests", retryAfter: 1 });
const troubled = (nth: number): Answer => ({ status: [500, 503, 504][nth % 3] ?? 500 });

const isList = ({ method, isWatch, path }: ProxiedRequest) =>
  method === "GET" && !isWatch && /\/namespaces\/[^/]+\/[^/]+$/.test(path);
const isWatch = (request: ProxiedRequest) => request.isWatch;
const isWrite = (request: ProxiedRequest) => request.isWrite;

/** With which request a burst begins, and what it meets then. */
const MOMENTS = [
  { moment: "an operator that starts", begins: () => true, met: [isList] },
  { moment: "a practice that comes, when every watch was cut", begins: isWrite, met: [isWatch, isWrite] },
];

/**
 * Puts a practice through a burst in which everything is refused. A write with which it begins finds every watch cut.
 * @returns the practice on its way, when the burst is over, and what was refused.
 */
async function throughBurst(
  begins: (request: ProxiedRequest) => boolean,
  answer: (nth: number) => Answer,
  onTestFinished: (end: () => Promise<void>) => void,
): Promise<{ made: Disturbed; refused: readonly Refused[] }> {
  let until: number | undefined;
  const isOver = () => until !== undefined && performance.now() > until;
  const refused: Refused[] = [];
  const made: Disturbed = await disturbed((request) => {
    if (until === undefined) {
      if (!begins(request)) return undefined;
      until = performance.now() + BURST_MS;
      if (request.isWrite) made.proxy.cutWatches();
    }
    if (isOver()) return undefined;
    refused.push({ ...request, at: performance.now() });
    return { kind: "answer", ...answer(refused.length) };
  });
  onTestFinished(made.end);
  await made.practice();
  await waitFor(isOver, { what: "the burst to be over" });
  return { made, refused };
}

/** How many milliseconds lay between one refusal and the next of the same. */
function pauses(refused: readonly Refused[]): number[] {
  const each = Object.values(Object.groupBy(refused, ({ path }) => path));
  return each.flatMap((all = []) => all.slice(1).map(({ at }, nth) => at - (all[nth]?.at ?? 0)));
}

describe.concurrent.each(MOMENTS)("$moment", ({ begins, met }) => {
  it("meets 429 and asks again when it is told to, and the practice comes nonetheless", async ({ onTestFinished }) => {
    const { made, refused } = await throughBurst(begins, busy, onTestFinished);
    for (const which of met) {
      const waited = pauses(refused.filter(which));
      expect(waited.length).toBeGreaterThan(1);
      // A second, of which a timer may leave a little out.
      expect(Math.min(...waited)).toBeGreaterThan(990);
    }
    await made.expectLikeACleanRun();
  });

  it("meets 500, 503 and 504 and asks again, and the practice comes nonetheless", async ({ onTestFinished }) => {
    const { made, refused } = await throughBurst(begins, troubled, onTestFinished);
    for (const which of met) expect(pauses(refused.filter(which)).length).toBeGreaterThan(1);
    await made.expectLikeACleanRun();
  });
});
