import { defineConfig, type OxlintOverride } from "oxlint";

// Which way imports may go. The message is what a person reads who crosses a line.
const folders =
  "api practice components policy render runtime telemetry controller entry copy stun probe audit cli".split(" ");
const rootFiles = "assets config generate main versions".split(" ");
const pure = ["api", "practice", "components", "policy", "render"];
const may: Readonly<Record<string, readonly string[]>> = {
  api: [],
  practice: ["api", "versions"],
  components: ["practice", "api", "versions", "assets"],
  policy: ["practice", "api", "assets"],
  render: ["policy", "components", "practice", "api", "assets"],
  telemetry: [],
  runtime: ["telemetry"],
  copy: [],
  entry: ["api", "telemetry"], // what faces the internet must not contain a client for the cluster
  stun: [],
  probe: [],
  audit: ["policy", "practice", "api"],
  controller: [...folders.filter((folder) => folder !== "cli"), "assets", "config", "versions"],
};

const impure = {
  regex: "^(node:([^cu]|c[^r]|u[^t])|@kubernetes/client-node|undici|pino|prom-client|@hono|hono)",
  message: "Rendering is pure: no file, network, client, clock or log. Do it in controller/ and pass the result in.",
};
/** A digest and a comparison are as pure as a sum; chance is not. */
const sums = [
  { name: "node:crypto", allowImportNames: ["hash"], message: impure.message },
  { name: "node:util", allowImportNames: ["isDeepStrictEqual"], message: impure.message },
];
const cdk8s = {
  regex: "^(cdk8s|cdk8s-plus-28|constructs)($|/)",
  message: "Only components/kube.ts and render/synthesise.ts meet cdk8s: it drops fields that it does not know.",
};
const globals = ["Date", "crypto", "performance", "setTimeout", "setInterval", "process", "fetch", "Buffer"];

function direction(folder: string, allowed: readonly string[]) {
  const others = folders.filter((other) => other !== folder && !allowed.includes(other));
  const files = rootFiles.filter((file) => !allowed.includes(file));
  const message = `src/${folder} may import ${[...allowed, "manifest", "itself"].join(", ")}, nothing else of src.`;
  // components/entry/ and policy/exposure.ts bear names of other folders: only paths out of the own folder count.
  const out = folder === "components" ? "(\\.\\./)+" : "\\.\\./(.*/)?";
  const reachable = folder === "components" ? others.filter((other) => other !== "entry") : others;
  return [
    { regex: `^${out}(${reachable.join("|")})/`, message },
    { regex: `^${out}(${files.join("|")})\\.ts$`, message },
    ...(folder === "components" ? [{ regex: "^\\.\\./\\.\\./entry/", message }] : []),
  ];
}

function importRules(folder: string, allowed: readonly string[]): OxlintOverride {
  const patterns = [...direction(folder, allowed), cdk8s, ...(pure.includes(folder) ? [impure] : [])];
  const paths = pure.includes(folder) ? sums : [];
  return { files: [`src/${folder}/**/*.ts`], rules: { "no-restricted-imports": ["error", { paths, patterns }] } };
}

export default defineConfig({
  plugins: ["typescript", "import", "unicorn", "vitest"],
  categories: { correctness: "error", suspicious: "error" },
  rules: {
    "no-await-in-loop": "off",
    "no-shadow": "off",
    "unicorn/consistent-function-scoping": "off",
    "unicorn/no-array-sort": "error",
    "typescript/no-unsafe-type-assertion": "off",
    "typescript/unbound-method": "off", // our objects are closures: no method depends on `this`
    "vitest/valid-expect": ["error", { maxArgs: 2 }],
    // A helper that waits for a state is an assertion: it throws with what it saw instead.
    "vitest/expect-expect": ["error", { assertFunctionNames: ["expect", "waitFor", "expectReason", "*.expect"] }],
    "vitest/no-conditional-expect": "off",
    "typescript/no-floating-promises": "error",
    "typescript/switch-exhaustiveness-check": "error",
    "import/no-cycle": "error",
    "import/no-named-as-default-member": "off", // fast-check is meant to be used as `fc.…`
    "import/no-default-export": "error",
    "import/no-unassigned-import": "off",
  },
  overrides: [
    { files: ["*.config.ts"], rules: { "import/no-default-export": "off" } },
    ...Object.entries(may).map(([folder, allowed]) => importRules(folder, allowed)),
    {
      files: ["src/components/kube.ts", "src/render/synthesise.ts"],
      rules: {
        "no-restricted-imports": [
          "error",
          { paths: sums, patterns: [...direction("render", may.render ?? []), impure] },
        ],
      },
    },
    {
      files: pure.map((folder) => `src/${folder}/**/*.ts`), // not the browser's scripts in assets/
      rules: {
        "no-restricted-globals": ["error", ...globals],
        "no-restricted-properties": ["error", { object: "Math", property: "random" }],
      },
    },
  ],
  ignorePatterns: ["node_modules", "coverage"],
});
