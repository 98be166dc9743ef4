import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { LABEL } from "../../src/api/group.ts";
import { describeStatus } from "../../src/cli/status.ts";
import { CHILD_RESOURCES } from "../../src/controller/live.ts";
import type { LiveObject } from "../../src/manifest.ts";
import { startOperator } from "../support/operator.ts";
import { type DemoOptions, demoOptions } from "./options.ts";
import { settled } from "./settled.ts";
import { createProgram } from "./show.ts";
import { setStage, type Stage } from "./stage.ts";

const EXAMPLE = fileURLToPath(new URL("../../examples/solo.yaml", import.meta.url));
const NAME = "greenriver";
const NAMESPACE = "greenriver";
const MEDIA_ADDRESS = "203.0.113.7";
/** How long the practice may take once the stage is set. */
const LIMIT_SECONDS = 180;

const print = (line: string) => void process.stdout.write(`${line}\n`);

/** `npm run demo`: one manifest becomes a practice before your eyes. */
async function demo(options: DemoOptions): Promise<number> {
  print("Telehealth operator: the demo. Setting the stage …");
  const stage = await setStage(options);
  const curtain = new AbortController();
  process.once("SIGINT", () => curtain.abort());
  process.once("SIGTERM", () => curtain.abort());
  let operator: Awaited<ReturnType<typeof startOperator>> | undefined;
  try {
    operator = await startOperator(stage.operatorKubeconfig, stage.simulated ? {} : { probe: {} });
    print(
      stage.simulated
        ? SIMULATED
        : "The operator runs here, with the rights of its own ServiceAccount in your cluster.",
    );
    print(`\n$ kubectl apply -f examples/solo.yaml`);
    print(await stage.kubectl(["apply", "--server-side", "-f", EXAMPLE]));
    const success = await play(stage, curtain.signal);
    print(`\n${describeStatus(await practice(stage))}`);
    print(`Look around:\n  ${stage.lookAround} -n ${NAMESPACE} get thp,netpol,cm,svc,sts,deploy,ingress,pvc`);
    if (!success && !curtain.signal.aborted) {
      print(`The practice did not come to rest within ${LIMIT_SECONDS} s. The operator's last words:`);
      print((await operator.log()).split("\n").slice(-8).join("\n"));
    }
    if (options.once || !success) return success ? 0 : 1;
    print("\nThe demo stays up until you press Ctrl-C.");
    await until(curtain.signal);
    return 0;
  } finally {
    print("Striking the stage …");
    await takeDown(stage).catch((error: unknown) => print(String(error)));
    await operator?.stop();
    await stage.strike();
  }
}

const SIMULATED = `
This is a real API server with a real controller-manager, but without a machine to run pods: they are simulated, and
called Ready although nothing runs. The demo plays the load balancer too: it gives the media Service the address ${MEDIA_ADDRESS}.
Of cert-manager only the kinds are there, so certificates stay awaited.
To see a practice that works, run the demo against a cluster of your own: npm run demo -- --context NAME`;

/** Shows what appears until everything is there and at rest. @returns whether that was so within the limit. */
async function play(stage: Stage, signal: AbortSignal): Promise<boolean> {
  const program = createProgram(print);
  const end = Date.now() + LIMIT_SECONDS * 1000;
  let lastChange = Date.now();
  let before = "";
  while (Date.now() < end && !signal.aborted) {
    const objects = await children(stage);
    program.show(objects);
    if (stage.simulated) await giveMediaAddress(stage, objects);
    const now = JSON.stringify([...objects, await practice(stage)].map(({ metadata }) => metadata.resourceVersion));
    if (now !== before) lastChange = Date.now();
    before = now;
    if (Date.now() - lastChange > 5000 && settled(await practice(stage), objects)) return true;
    await sleep(250);
  }
  return false;
}

async function children(stage: Stage): Promise<LiveObject[]> {
  const kinds = CHILD_RESOURCES.map(({ plural, group }) => (group ? `${plural}.${group}` : plural));
  const query = [...kinds, "secrets"].join(",");
  const list = await stage.kubectl(["get", query, "-n", NAMESPACE, "-l", `${LABEL.practice}=${NAME}`, "-o", "json"]);
  return (JSON.parse(list) as { items: LiveObject[] }).items;
}

async function practice(stage: Stage): Promise<LiveObject> {
  return JSON.parse(await stage.kubectl(["get", "thp", NAME, "-n", NAMESPACE, "-o", "json"])) as LiveObject;
}

async function giveMediaAddress(stage: Stage, objects: readonly LiveObject[]): Promise<void> {
  const media = objects.find(({ kind, metadata }) => kind === "Service" && metadata.name === `${NAME}-media`);
  const status = media?.["status"] as { loadBalancer?: { ingress?: unknown[] } } | undefined;
  if (!media || status?.loadBalancer?.ingress) return;
  const patch = JSON.stringify({ status: { loadBalancer: { ingress: [{ ip: MEDIA_ADDRESS }] } } });
  const { name } = media.metadata;
  await stage.kubectl(["patch", "service", name, "-n", NAMESPACE, "--subresource=status", "--type=merge", "-p", patch]);
}

/** On a cluster of the user's, everything goes again; our own control plane goes as a whole. */
async function takeDown(stage: Stage): Promise<void> {
  if (stage.simulated) return;
  await stage.kubectl(["delete", "-f", EXAMPLE, "--ignore-not-found", "--timeout=120s"]);
}

async function until(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await sleep(200);
}

try {
  process.exitCode = await demo(demoOptions(process.argv.slice(2)));
} catch (error) {
  // One sentence that says what would help, not a stack.
  print(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
