import type { IProbe } from "kubernetes-models/v1";
import type { Assets } from "../assets.ts";
import { type Check, violation } from "./policy.ts";
import { type Program, type Running, running } from "./programs.ts";

/** What a probe may run: a question to the program itself, whose answer goes nowhere. */
const QUESTION =
  /^(?:(?:curl -fsS -o|wget -q -O) \/dev\/null http:\/\/127\.0\.0\.1:\d+\/[\w./-]+|pg_isready --quiet --host=\/\S+)$/;

/** What may run before a program is stopped. */
function lastWords({ drain }: Assets): Partial<Record<Program, string>> {
  return { jvb: drain.bridge, prosody: drain.signalling, jicofo: drain.signalling };
}

export const hooksAsListed: Check = {
  name: "hooks-as-listed",
  promise: "e2ee",
  because:
    "Probes and hooks run inside a container and see what its program sees. They ask the program a question, or run " +
    "the script that we ship to wait for the end of a call.",
  violations: (input) =>
    running(input.objects).flatMap((found) => {
      const { container, pod } = found;
      const probes = [container.startupProbe, container.readinessProbe, container.livenessProbe];
      const harmless = probes.every(isQuestion) && isListed(found, lastWords(input.assets)[found.program]);
      return harmless ? [] : [violation(pod.workload, `Container ${container.name} runs a probe or hook of its own.`)];
    }),
};

function isQuestion(probe: IProbe | undefined): boolean {
  return probe?.exec === undefined || QUESTION.test((probe.exec.command ?? []).join(" "));
}

function isListed({ container, read }: Running, script: string | undefined): boolean {
  const { postStart, preStop } = container.lifecycle ?? {};
  if (postStart) return false;
  if (!preStop || Object.keys(preStop).join() === "sleep") return true;
  const [shell, file, ...more] = preStop.exec?.command ?? [];
  return shell === "sh" && more.length === 0 && script !== undefined && read(file) === script;
}
