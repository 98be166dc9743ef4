import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { isProven, type Result, runGroup } from "./attack.ts";
import { CATALOGUE } from "./catalogue.ts";

// npm run attacks: tries every attack with and without its defence and prints what was seen.

const { values } = parseArgs({ options: { json: { type: "string" } } });

const yes = (value: boolean) => (value ? "yes" : "NO");
const line = ({ id, promise, succeedsWithout, failsWith, error }: Result) =>
  `${id.padEnd(46)} ${String(promise).padEnd(8)} ${yes(succeedsWithout).padEnd(17)} ${yes(failsWith).padEnd(11)} ${error ?? ""}`.trimEnd();

process.stdout.write(`${"attack".padEnd(46)} ${"promise".padEnd(8)} ${"succeeds without".padEnd(17)} fails with\n`);
const results: Result[] = [];
for (const group of CATALOGUE) {
  const found = await runGroup(group);
  results.push(...found);
  process.stdout.write(found.map((result) => `${line(result)}\n`).join(""));
}
const unproven = results.filter((result) => !isProven(result)).length;
process.stdout.write(`\n${results.length} attacks, ${unproven} of them not as they must be\n`);
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(results, null, 2)}\n`);
process.exitCode = unproven > 0 ? 1 : 0;
