import type { IJob } from "kubernetes-models/batch/v1";
import { describe, expect, it } from "vitest";
import { LABEL } from "../../src/api/group.ts";
import { COMPONENTS } from "../../src/components/index.ts";
import { listenersOf, probesOf, waysTried } from "../../src/components/probe.ts";
import type { Manifest } from "../../src/manifest.ts";
import { edgesOf, type PolicySpec } from "../../src/policy/edges.ts";
import { selects } from "../../src/policy/selectors.ts";
import { doorsIn, targetsIn } from "../../src/probe/options.ts";
import { render } from "../../src/render/render.ts";
import { PROBE } from "../support/broken.ts";
import { params, VARIANTS } from "../support/practices.ts";

const input = params({}, { probe: PROBE });
const walls = COMPONENTS.flatMap((component) => component.walls?.(input) ?? []);
const { manifests, probes } = render(input);
const labelsOf = (job: Manifest) => (job as Manifest & IJob).spec?.template.metadata?.labels ?? {};
const containerOf = (job: Manifest) => (job as Manifest & IJob).spec?.template.spec?.containers[0];
const environmentOf = (job: Manifest) =>
  Object.fromEntries((containerOf(job)?.env ?? []).map(({ name, value }) => [name, value ?? ""]));

describe("a run of the probe", () => {
  it("is nothing while there is none, and waits with dialling until it is known where somebody listens", () => {
    expect(render(params()).probes).toEqual([]);
    expect(render(params({}, { probe: { at: PROBE.at } })).probes.map((job) => containerOf(job)?.name)).toEqual(
      listenersOf(walls).map(() => "listen"),
    );
    expect(probes.map((job) => containerOf(job)?.name).toSorted((a = "", b = "") => a.localeCompare(b))).toEqual([
      "dial",
      "dial",
      "dial",
      "listen",
      "listen",
      "listen",
    ]);
  });

  it("stands behind the wall of its role, and no Service or workload of the practice selects it", () => {
    const policies = manifests.filter(({ kind }) => kind === "NetworkPolicy");
    for (const job of probes) {
      const labels = labelsOf(job);
      const found = policies.filter((policy) => selects((policy["spec"] as PolicySpec).podSelector ?? {}, labels));
      const own = labels[LABEL.role] === "probe" ? [] : [`greenriver-${labels[LABEL.role]}`];
      expect(found.map(({ metadata }) => metadata.name).toSorted()).toEqual(
        ["greenriver-default-deny", ...own].toSorted(),
      );
      const selectors = manifests.flatMap(({ kind, spec }) => {
        const { selector } = (spec ?? {}) as { selector?: Readonly<Record<string, string>> & { matchLabels?: object } };
        return selector && kind !== "NetworkPolicy"
          ? [(selector.matchLabels ?? selector) as Record<string, string>]
          : [];
      });
      expect(selectors.length).toBeGreaterThan(8);
      expect(selectors.filter((matchLabels) => selects({ matchLabels }, labels))).toEqual([]);
    }
  });

  it("takes for open what the rendered policies open, and nothing else", () => {
    const specOf = (name: string) =>
      manifests.find(({ kind, metadata }) => kind === "NetworkPolicy" && metadata.name === `greenriver-${name}`)?.[
        "spec"
      ] as PolicySpec | undefined;
    const opens = (name: string, direction: string, other: string, port: number | undefined, protocol: string) =>
      edgesOf(specOf(name) ?? {}).some(
        (edge) =>
          edge.direction === direction &&
          edge.port?.port === port &&
          edge.port?.protocol === protocol &&
          (edge.peer === undefined ||
            JSON.stringify(edge.peer) === JSON.stringify({ podSelector: { matchLabels: { [LABEL.role]: other } } })),
      );
    const tried = (["front", "synapse", "probe"] as const).flatMap((role) =>
      waysTried(role, walls).flatMap(({ kind, name, port, protocol, open }) => {
        const [other = ""] = name.split(" ");
        if (kind !== "listener") return [];
        const declared = opens(role, "egress", other, port, protocol) && opens(other, "ingress", role, port, protocol);
        return [[`${role} to ${name}`, open, declared] as const];
      }),
    );
    expect(tried.filter(([, open, declared]) => open !== declared)).toEqual([]);
    expect(tried.flatMap(([name, open]) => (open ? [name] : []))).toEqual([
      "front to signalling TCP 5280",
      "synapse to postgres TCP 5432",
    ]);
    expect(tried.length).toBeGreaterThan(30);
  });

  it("tries open and closed ways over TCP and UDP, so that a network where nothing works is found out too", () => {
    const ways = waysTried("synapse", walls);
    const kinds = new Set(ways.map(({ protocol, open }) => `${protocol} ${open ? "open" : "closed"}`));
    expect([...kinds].toSorted()).toEqual(["TCP closed", "TCP open", "UDP closed", "UDP open"]);
    expect(waysTried("probe", walls).filter(({ open }) => open)).toEqual([]);
  });

  it("tells its pods what they understand, and each listener what others are to find", () => {
    const doors = probes.flatMap((job) => doorsIn(environmentOf(job)).map((door) => [labelsOf(job)[LABEL.role], door]));
    const targets = probes.flatMap((job) => targetsIn(environmentOf(job)));
    const found = targets.filter(({ kind }) => kind === "listener");
    expect(found.length).toBeGreaterThan(30);
    for (const { name, host, port, protocol } of found) {
      const [role = ""] = name.split(" ");
      expect(host).toBe((PROBE.addresses as Record<string, string>)[role]);
      expect(doors).toContainEqual([role, { port, protocol }]);
    }
  });

  it.each(VARIANTS)("has names that fit and differ: %s", (_, variant) => {
    const declared = COMPONENTS.flatMap((component) => component.walls?.(variant) ?? []);
    const made = probesOf({ ...variant, observed: { ...variant.observed, probe: PROBE } }, declared);
    const names = made.map(({ metadata }) => metadata.name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThanOrEqual(5);
    // Its pods' names are longer by six.
    expect(Math.max(...names.map((name) => name.length))).toBeLessThanOrEqual(57);
  });
});
