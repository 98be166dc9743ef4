import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { describe, expect, it } from "vitest";
import { KIND } from "../src/api/group.ts";
import { parseSpec, specSchema } from "../src/api/practice.ts";
import { CONDITION_TYPES, REASONS } from "../src/api/reasons.ts";
import { USAGE } from "../src/cli/usage.ts";
import { podTemplates } from "../src/policy/pods.ts";
import { SIZES } from "../src/practice/sizing.ts";
import { render } from "../src/render/render.ts";
import { METRICS } from "../src/telemetry/metrics.ts";
import { params } from "./support/practices.ts";
import { z } from "zod";

const read = (file: string) => readFileSync(file, "utf8");
const pages = ["README.md", ...globSync("docs/**/*.md")].map((file) => ({ file, text: read(file) }));
const all = pages.map(({ text }) => text).join("\n");
/** Decisions also speak of fields that are Kubernetes' own. */
const guides = pages.filter(({ file }) => !file.startsWith("docs/decisions/")).map(({ text }) => text);
const readme = read("README.md");
const unique = (values: Iterable<string>) => [...new Set(values)].toSorted();
const matches = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1] ?? "");

/** What stands in backticks, in spans and in fenced blocks. */
const codeIn = (text: string) => [...matches(text, /`([^`\n]+)`/g), ...matches(text, /```\w*\n([^]*?)```/g)];
const code = codeIn(all);

/** GitHub's anchors. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");

describe("links", () => {
  const links = pages.flatMap(({ file, text }) => matches(text, /\]\(([^)\s]+)\)/g).map((link) => ({ file, link })));
  const local = links.filter(({ link }) => !/^https?:/.test(link));

  it.each(local)("$file leads to $link", ({ file, link }) => {
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? file : join(dirname(file), path);
    expect(existsSync(target), `${target} is missing`).toBe(true);
    const anchors = anchor ? matches(read(target), /^#+ (.+)$/gm).map(anchorOf) : [undefined];
    expect(anchors).toContain(anchor);
  });
});

describe("what a practice asks for, by size", () => {
  it.each(SIZES)("%s", (size) => {
    const { manifests } = render(params({ spec: { size } }));
    const containers = podTemplates(manifests.filter(({ kind }) => kind === "StatefulSet" || kind === "Deployment"))
      .flatMap(({ spec }) => spec.containers)
      .map(({ resources }) => resources?.requests as { cpu: string; memory: string });
    const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
    const cpu = sum(containers.map((asked) => Number.parseFloat(asked.cpu) * (asked.cpu.endsWith("m") ? 0.001 : 1)));
    const memory = sum(
      containers.map((asked) => Number.parseFloat(asked.memory) / (asked.memory.endsWith("Gi") ? 1 : 1024)),
    );
    expect(containers).toHaveLength(9);
    expect(readme).toContain(`| \`${size}\` | ${cpu.toFixed(1)} CPU, ${memory.toFixed(1)} GiB |`);
  });
});

describe("what the pages name exists", () => {
  it("npm scripts", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    const named = unique([...matches(all, /npm run (?:--silent )?([\w:-]+)/g), ...matches(all, /npm (test)\b/g)]);
    expect(named.length).toBeGreaterThan(3);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
  });

  it("files and folders", () => {
    const named = code.filter((span) => /^(src|charts|examples|docs|test|crds)\/[\w./-]*$/.test(span));
    expect(named.filter((path) => !existsSync(path))).toEqual([]);
  });

  it("metrics, and the other way round", () => {
    const named = unique(
      matches(all, /\b((?:controller_runtime|nodejs|workqueue|leader_election|rest_client|telehealth)_[a-z_]+)/g),
    );
    expect(named).toEqual(unique(Object.values(METRICS).map(({ name }) => name)));
  });

  it("fields of the API", () => {
    const named = unique(codeIn(guides.join("\n")).flatMap((span) => matches(span, /\bspec((?:\.[a-zA-Z]+)+)/g)));
    expect(named.length).toBeGreaterThan(2);
    expect(named.filter((path) => !hasField(path.slice(1).split(".")))).toEqual([]);
  });

  it("conditions, and the other way round", () => {
    const [section = ""] = matches(readme, /^## Conditions\n([^]*?)\n## /gm);
    const cells = matches(section, /^\| (`[^|]+) \|/gm).join();
    expect(unique(matches(cells, /`([A-Z]\w+)`/g))).toEqual(unique(CONDITION_TYPES));
    const stated = unique(matches(all, /`([A-Z]\w+)=(?:True|False|Unknown)/g));
    expect(stated.filter((type) => !(CONDITION_TYPES as readonly string[]).includes(type))).toEqual([]);
  });

  it("reasons: each has its section in the reference", () => {
    const reference = read("docs/reference/conditions.md");
    expect(matches(reference, /^## (\w+)$/gm)).toEqual(Object.keys(REASONS));
  });
});

describe("commands", () => {
  const usage = new Map(
    USAGE.split("\nExit codes")[0]
      ?.split(/\n(?=  telehealth )/)
      .slice(1)
      .map((text) => [/^  telehealth (\w+)/.exec(text)?.[1] ?? "", flagsIn(text)]),
  );
  const rows = new Map(
    readme
      .split("\n")
      .filter((line) => line.startsWith("| `telehealth "))
      .map((line) => [/telehealth (\w+)/.exec(line)?.[1] ?? "", flagsIn(line)]),
  );

  it("are the same in the program, its help and the README", () => {
    const program = matches(read("src/main.ts"), /^  (\w+): async \(\) =>/gm);
    expect(unique(usage.keys())).toEqual(unique(program));
    expect(rows).toEqual(usage);
  });

  it.each([...usage])("%s takes the flags that its help names", (command, flags) => {
    const options = [...read(`src/cli/${command}.ts`).matchAll(/(\w+): \{ type: "\w+"(?:, short: "(\w)")?/g)];
    expect(unique(flags)).toEqual(unique(options.map(([, name = "", short]) => (short ? `-${short}` : `--${name}`))));
  });

  it("are used as they are wherever a page names one", () => {
    for (const line of code.flatMap((span) => matches(span, /^(?:npx )?telehealth ([^\n#]*)/gm))) {
      const [command = ""] = line.split(" ");
      if (command === "…") continue;
      expect([...usage.keys(), "help"]).toContain(command);
      expect(usage.get(command) ?? []).toEqual(expect.arrayContaining(flagsIn(line)));
    }
  });
});

describe("the README's manifest", () => {
  const [text = ""] = matches(readme, /```yaml\n([^]*?)```/g);

  it("is a practice that can be used", () => {
    const practice = parse(text) as { kind: string };
    expect(practice.kind).toBe(KIND);
    expect(parseSpec(practice)).toMatchObject({ ok: true });
  });
});

describe("docs/article.md", () => {
  it("answers all 39 claims in order", () => {
    const numbers = matches(read("docs/article.md"), /^\| (\d+) \|/gm).map(Number);
    expect(numbers).toEqual(Array.from({ length: 39 }, (_, index) => index + 1));
  });
});

function flagsIn(text: string): string[] {
  return unique(matches(text, /(?<![\w-])(--?[a-z][\w-]*)/g));
}

function hasField(path: readonly string[]): boolean {
  let schema: z.core.JSONSchema.BaseSchema | undefined = z.toJSONSchema(specSchema, { io: "input" });
  for (const part of path) {
    const next: unknown = schema?.properties?.[part];
    schema = typeof next === "object" ? (next as z.core.JSONSchema.BaseSchema) : undefined;
  }
  return schema !== undefined;
}
