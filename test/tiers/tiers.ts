import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { postgresql, pythonWithSynapse } from "../apps/support/messaging-programs.ts";
import { chromium, haproxy, nginx, prosody } from "../apps/support/programs.ts";
import { provisionCertManager } from "../bed/cert-manager.ts";
import { provisionCrds } from "../bed/crds.ts";
import { provisionGitOps } from "../bed/gitops.ts";
import { provisionHelm } from "../bed/helm.ts";
import { provisionIngress } from "../bed/ingress.ts";
import { provisionKwok } from "../bed/kwok.ts";
import { practiceArchive } from "../bed/node/images.ts";
import { provisionNode } from "../bed/node/programs.ts";
import { provisionLua } from "../bed/lua.ts";
import { provisionPebble } from "../bed/pebble.ts";
import { provisionPromtool } from "../bed/prometheus.ts";
import { provisionControlPlane } from "../bed/provision.ts";

/** A part of the tests that runs as a whole, with what has to be there first. */
export interface Tier {
  readonly name: string;
  /** Fetches or builds what the tier runs on; throws a sentence for people when this machine cannot have it. */
  readonly prepare: () => Promise<unknown>;
  /** Runs while the tier before it runs: both wait more than they compute. */
  readonly beside?: true;
}

const root = join(import.meta.dirname, "..");

const testsIn = (folder: string) =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { recursive: true }).filter((file) => String(file).endsWith(".test.ts"))
    : [];

/** Why a tier is no part of any run yet, or `undefined`. */
export function notBuilt(tier: Tier): string | undefined {
  if (tier.name === "unit" || testsIn(tier.name).length > 0) return undefined;
  return "not part of this run: not built yet";
}

const nothing = () => Promise.resolve();

async function provisionCluster(): Promise<void> {
  if (process.env.TELEHEALTH_BED === undefined) await provisionControlPlane();
  await Promise.all([provisionCrds("cert-manager"), provisionCrds("gateway-api"), provisionHelm()]);
  await provisionKwok();
  // One after another: each build keeps all processors busy.
  await provisionCertManager();
  await provisionPebble();
  await provisionIngress();
  await Promise.all([haproxy(), nginx()]);
  await provisionGitOps();
}

async function provisionApps(): Promise<void> {
  await Promise.all([nginx(), prosody(), chromium(), pythonWithSynapse(), postgresql()]);
  await Promise.all([provisionLua(), provisionPromtool()]);
}

/** A node in namespaces of its own, and all images that it runs; only root on Linux can have one. */
async function provisionNodeTier(): Promise<void> {
  await provisionNode();
  await provisionCertManager();
  await practiceArchive();
  await Promise.all([provisionCrds("cert-manager"), provisionCrds("gateway-api"), provisionHelm()]);
}

/** In the order in which they run; each finds more expensive faults than the one before. */
export const tiers: readonly Tier[] = [
  { name: "unit", prepare: nothing },
  { name: "cluster", prepare: provisionCluster },
  {
    name: "apps",
    beside: true,
    prepare: provisionApps,
  },
  { name: "node", prepare: provisionNodeTier },
];

/** The tiers that `--tiers a,b` asks for, all of them when it does not. Throws for a name that is none. */
export function choose(names: string | undefined): readonly Tier[] {
  if (names === undefined) return tiers;
  const wanted = names.split(",").map((name) => name.trim());
  const unknown = wanted.filter((name) => !tiers.some((tier) => tier.name === name));
  if (unknown.length > 0) {
    const all = tiers.map(({ name }) => name).join(", ");
    throw new Error(`There is no tier called ${unknown.join(", ")}: choose from ${all}.`);
  }
  return tiers.filter(({ name }) => wanted.includes(name));
}

/** The runs that take too long for every change, with what docs/long-tests.md tells of the last time. */
export function longRuns(): { readonly name: string; readonly note: string }[] {
  const record = readFileSync(join(root, "..", "docs", "long-tests.md"), "utf8");
  return testsIn("long").map((file) => {
    const name = String(file).replace(/\.test\.ts$/, "");
    const [, date, result] = new RegExp(`^\\| ${name} \\| ([^|]+) \\| ([^|]+) \\|`, "m").exec(record) ?? [];
    const last = date === undefined ? "never run" : `last run ${date.trim()}: ${result?.trim()}`;
    return { name, note: `not part of this run: npm run test:long -- ${name} (${last})` };
  });
}
