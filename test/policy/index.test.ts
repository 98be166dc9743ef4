import { describe, expect, it } from "vitest";
import { LABEL } from "../../src/api/group.ts";
import { COMPONENTS } from "../../src/components/index.ts";
import { describe as nameOf } from "../../src/manifest.ts";
import { enforce, PolicyViolation } from "../../src/policy/enforce.ts";
import { FOREIGN_CHAIN, LIVE_CHAIN, RENDER_CHAIN, STANDING_CHAIN } from "../../src/policy/index.ts";
import { evaluate } from "../../src/policy/policy.ts";
import { type Break, sound } from "../support/broken.ts";
import { E2EE_BREAKS } from "./breaks/e2ee.ts";
import { EXPOSURE_BREAKS } from "./breaks/exposure.ts";
import { FOREIGN_BREAKS, HARMLESS } from "./breaks/foreign.ts";
import { HARDENING_BREAKS } from "./breaks/hardening.ts";
import { ISOLATION_BREAKS } from "./breaks/isolation.ts";
import { JAVA_BREAKS } from "./breaks/java.ts";
import { METADATA_BREAKS } from "./breaks/metadata.ts";
import { RECORDING_BREAKS } from "./breaks/recording.ts";

const RENDERED: readonly Break[] = [
  ...E2EE_BREAKS,
  ...RECORDING_BREAKS,
  ...ISOLATION_BREAKS,
  ...EXPOSURE_BREAKS,
  ...METADATA_BREAKS,
  ...HARDENING_BREAKS,
  ...JAVA_BREAKS,
];

const failing = (found: readonly { check: string }[]) => [...new Set(found.map(({ check }) => check))];

/** What each break leads to, found once for all tests. */
const outcomes = new Map<Break, ReturnType<typeof outcome>>();

function outcome(item: Break) {
  const input = item.does(sound(item.choice));
  return { input, found: evaluate(RENDER_CHAIN, input) };
}

function outcomeOf(item: Break) {
  const known = outcomes.get(item) ?? outcome(item);
  outcomes.set(item, known);
  return known;
}

describe("the chain over rendered objects", () => {
  it.each(RENDERED.map((item) => [`${item.check}: ${item.what}`, item] as const))("%s", (_, item) => {
    const { input, found } = outcomeOf(item);
    const expected = [item.check, ...(item.also ?? [])].toSorted();
    expect(failing(found).toSorted()).toEqual(expected);
    expect(failing(evaluate(LIVE_CHAIN, input)).toSorted()).toEqual(expected);
    expect(() => enforce(RENDER_CHAIN, input)).toThrow(PolicyViolation);
  });

  it("lets a sound practice pass, rendered and live", () => {
    expect(evaluate(RENDER_CHAIN, sound())).toEqual([]);
    expect(evaluate(LIVE_CHAIN, sound())).toEqual([]);
  });
});

it("what is judged whatever happens needs no files, which may not have been read yet", () => {
  const { objects, ...input } = sound();
  const unread = objects.map((object) => ({ ...object, data: undefined }));
  expect(failing(evaluate(LIVE_CHAIN, { ...input, objects: unread }))).not.toEqual([]);
  expect(evaluate(STANDING_CHAIN, { ...input, objects: unread })).toEqual([]);
});

describe("the chain over what others put beside a practice", () => {
  it.each(FOREIGN_BREAKS.map((item) => [`${item.check}: ${item.what}`, item] as const))("%s", (_, { check, does }) => {
    expect(failing(evaluate(LIVE_CHAIN, does(sound())))).toEqual([check]);
  });

  it("knows a host that is still served while an edit of the manifest waits", () => {
    const { practice, ...input } = sound();
    const route = {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: { name: "open", namespace: practice.namespace },
      spec: { rules: [{ host: practice.hosts.meet }] },
    };
    const edited = { ...practice, hosts: { ...practice.hosts, meet: "elsewhere.greenriver.example" } };
    const found = evaluate(FOREIGN_CHAIN, { ...input, practice: edited, objects: [...input.objects, route] });
    expect(failing(found)).toEqual(["foreign-route"]);
  });

  it.each(HARMLESS.map((item) => [item.what, item] as const))("leaves alone %s", (_, { does }) => {
    expect(evaluate(LIVE_CHAIN, does(sound()))).toEqual([]);
  });
});

describe("the tests of the chains", () => {
  const breaks = [...RENDERED, ...FOREIGN_BREAKS];
  const checks = [...RENDER_CHAIN, ...FOREIGN_CHAIN];

  it("break every check, under its own name", () => {
    expect([...new Set(breaks.map(({ check }) => check))].toSorted()).toEqual(
      checks.map(({ name }) => name).toSorted(),
    );
  });

  it("find something at every component", () => {
    const components = RENDERED.flatMap((item) => {
      const { input, found } = outcomeOf(item);
      const named = new Set(found.map(({ object }) => object));
      return input.objects.filter((o) => named.has(nameOf(o))).map((o) => o.metadata.labels?.[LABEL.component]);
    });
    expect([...new Set(components)]).toEqual(expect.arrayContaining(COMPONENTS.map(({ name }) => name)));
  });

  it("see whole sentences and reasons", () => {
    for (const { because } of checks) expect(because).toMatch(/^\S+ .{30,}\.$/);
    for (const item of RENDERED) {
      for (const { message } of outcomeOf(item).found) expect(message).toMatch(/^\S+ .*\.$/);
    }
  });
});
