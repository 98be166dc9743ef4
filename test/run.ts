import { parseArgs } from "node:util";
import { isGood, notRun, summary, type Outcome } from "./tiers/summary.ts";
import { choose, longRuns, notBuilt, tiers, type Tier } from "./tiers/tiers.ts";
import { runProject } from "./tiers/vitest.ts";

// npm test: every tier that this machine can run. With CI=true one that it cannot run is a failure.

/** Undefined when the tier may run, else why not. Never rejects, so it can be left alone while other tiers run. */
async function obstacle(tier: Tier): Promise<string | undefined> {
  try {
    await tier.prepare();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function run(tier: Tier, obstacle: Promise<string | undefined>): Promise<Outcome> {
  const later = notBuilt(tier);
  if (later !== undefined) return notRun(tier.name, later);
  const reason = await obstacle;
  if (reason !== undefined) return notRun(tier.name, `could not run: ${reason}`, process.env.CI === "true" ? 1 : 0);
  return runProject(tier.name);
}

async function main(): Promise<boolean> {
  const { values } = parseArgs({ options: { tiers: { type: "string" }, bed: { type: "string" } } });
  if (values.bed !== undefined && values.bed !== "docker") throw new Error('The only other bed is "docker".');
  if (values.bed !== undefined) process.env.TELEHEALTH_BED = values.bed; // read by the setup of the cluster tier
  const chosen = choose(values.tiers);
  // Everything is fetched and built beside the unit tier, which needs none of it.
  const prepared = chosen.map((tier) => ({ tier, ready: notBuilt(tier) === undefined ? obstacle(tier) : undefined }));
  const outcomes: Outcome[] = [];
  const running: Promise<Outcome>[] = [];
  for (const { tier, ready } of prepared) {
    if (tier.beside === undefined) outcomes.push(...(await Promise.all(running.splice(0))));
    running.push(run(tier, ready ?? Promise.resolve(undefined)));
  }
  outcomes.push(...(await Promise.all(running)));
  const left = tiers.filter((tier) => !chosen.includes(tier)).map(({ name }) => notRun(name, "left out by --tiers"));
  const long = longRuns().map(({ name, note }) => notRun(name, note));
  process.stdout.write(`\n${summary([...outcomes, ...left, ...long])}\n`);
  return isGood(outcomes);
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
