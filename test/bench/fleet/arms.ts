import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import type { Connection } from "../../bed/api.ts";
import { provisionHelm } from "../../bed/helm.ts";
import { PLACEHOLDER } from "./counting.ts";
import { type Operator, startGo, startOurs } from "./operators.ts";
import type { Stage } from "./stage.ts";

/** What an arm has to work with. */
export interface Setting {
  readonly stage: Stage;
  /** Through the counting proxy. */
  readonly connection: Connection;
  readonly kubeconfig: string;
  /** The captured objects, `NAMESPACE/NUMBER-KIND.json`. */
  readonly objects: string;
  /** A folder of this run alone. */
  readonly folder: string;
}

/** A run that waits for the word. */
export interface Ready {
  readonly pid: number;
  /** The clock starts now. */
  go(): Promise<void>;
  /** Only operators have some. */
  metrics?(): Promise<string>;
  /** Rejects when the program fails; never resolves while it may go on. */
  readonly failed: Promise<never>;
  stop(): Promise<void>;
}

export type Arm = (setting: Setting) => Promise<Ready>;

const never = new Promise<never>(() => undefined);

/** Raw requests, so many at a time; `watches` what it makes, as every operator has to. Loading its files does not count. */
export function floor(concurrency: number, watches = false): Arm {
  return async ({ stage, connection, objects, folder }) => {
    await withUids(stage, objects, folder);
    const child = fork(fileURLToPath(new URL("./floor.ts", import.meta.url)), { stdio: "inherit" });
    const failed = once(child, "exit").then(([code]) => {
      throw new Error(`The floor ended with ${code}.`);
    });
    failed.catch(() => undefined);
    child.send({ connection, objects: folder, concurrency, watches });
    await Promise.race([once(child, "message"), failed]);
    return {
      pid: child.pid ?? 0,
      go: async () => void child.send("go"),
      failed,
      stop: async () => void child.kill(),
    };
  };
}

/** One `kubectl apply --server-side` over all files. */
export const kubectl: Arm = async ({ stage, kubeconfig, objects, folder }) => {
  await withUids(stage, objects, folder);
  const program = join(stage.plane.binaries, "kubectl");
  return script(`"${program}" apply --server-side --force-conflicts -R -f "${folder}"`, kubeconfig);
};

/** One `helm upgrade --install` for each practice, one after the other. */
export const helm: Arm = async ({ stage, kubeconfig, objects, folder }) => {
  await withUids(stage, objects, join(folder, "objects"));
  const program = join(await provisionHelm(), "helm");
  const charts = join(folder, "charts");
  for (const namespace of stage.namespaces)
    await writeChart(join(charts, namespace), join(folder, "objects", namespace));
  const install = `"${program}" upgrade --install practice "$chart" --namespace "$(basename "$chart")"`;
  return script(`for chart in "${charts}"/*; do ${install} || exit 1; done`, kubeconfig);
};

/** The operator on controller-runtime. */
export function go(workers: number): Arm {
  return async ({ stage, kubeconfig, objects }) =>
    operated(stage, await startGo(stage.plane.group, { kubeconfig, objects, workers }));
}

/** The real operator. */
export const ours: Arm = async ({ stage, connection }) => operated(stage, await startOurs(stage, connection.server));

function operated(stage: Stage, operator: Operator): Ready {
  return {
    pid: operator.pid,
    go: async () => void (await stage.makePractices()),
    metrics: operator.metrics,
    failed: never,
    stop: operator.stop,
  };
}

/** A shell waits for the word before and after, so that what its programs used can still be read. */
function script(command: string, kubeconfig: string): Ready {
  const child = spawn("sh", ["-c", `read -r _; { ${command}; } >&2; code=$?; echo "$code"; read -r _; exit $code`], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, KUBECONFIG: kubeconfig },
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-2000)));
  const failed = once(child.stdout, "data").then(([code]) => {
    if (String(code).trim() !== "0") throw new Error(`${command.slice(0, 80)}… failed: ${said}`);
    return never;
  });
  failed.catch(() => undefined);
  return {
    pid: child.pid ?? 0,
    go: async () => void child.stdin.write("\n"),
    failed,
    stop: async () => void child.stdin.end("\n"),
  };
}

/** Makes the practices, and copies the objects with their true owners. */
async function withUids(stage: Stage, objects: string, into: string): Promise<void> {
  const uids = await stage.makePractices();
  for (const [namespace, uid] of uids) {
    await mkdir(join(into, namespace), { recursive: true });
    for (const file of await readdir(join(objects, namespace))) {
      const text = await readFile(join(objects, namespace, file), "utf8");
      await writeFile(join(into, namespace, file), text.replaceAll(PLACEHOLDER, uid));
    }
  }
}

/** A chart that prints files as they are: they are full of braces that mean something else to helm. */
async function writeChart(chart: string, objects: string): Promise<void> {
  await mkdir(join(chart, "templates"), { recursive: true });
  await cp(objects, join(chart, "files"), { recursive: true });
  await writeFile(join(chart, "Chart.yaml"), stringify({ apiVersion: "v2", name: "practice", version: "0.1.0" }));
  const all = `{{- range $path, $_ := .Files.Glob "files/*.json" }}\n---\n{{ $.Files.Get $path }}\n{{- end }}\n`;
  await writeFile(join(chart, "templates", "all.yaml"), all);
}
