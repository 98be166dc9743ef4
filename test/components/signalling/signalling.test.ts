import type { IStatefulSet } from "kubernetes-models/apps/v1";
import { describe, expect, it } from "vitest";
import { signalling } from "../../../src/components/signalling/signalling.ts";
import { someParams } from "../../support/practice.ts";

const params = someParams();

function podOf() {
  const set = signalling.build(params).find(({ kind }) => kind === "StatefulSet") as IStatefulSet | undefined;
  const pod = set?.spec?.template.spec;
  if (!pod) throw new Error("There is no pod.");
  return pod;
}

describe("signalling", () => {
  it("keeps its Service without cert-manager, because the front looks it up, but nothing runs", () => {
    const without = someParams({ observed: { apis: { certManager: false, gateway: true, cloudNativePG: false } } });
    expect(signalling.build(without).map(({ kind }) => kind)).toEqual(["ServiceAccount", "Service"]);
    expect(signalling.awaits?.(without).map(({ reason }) => reason)).toEqual(["CertManagerMissing"]);
  });

  it("mounts every module of ours and asks for all of them before it is in service", () => {
    const maps = signalling.build(params).filter(({ kind }) => kind === "ConfigMap");
    const modules = maps.find(({ data }) => Object.hasOwn(data as object, "mod_practice_room.lua"));
    expect(modules?.data).toEqual(params.assets.prosodyModules);
    const prosody = podOf().containers.find(({ name }) => name === "prosody");
    expect(prosody?.readinessProbe?.httpGet).toEqual({ path: "/ready", port: "http" });
    expect(prosody?.volumeMounts).toContainEqual({
      name: "modules",
      mountPath: "/prosody-plugins-custom",
      readOnly: true,
    });
    expect(podOf().volumes).toContainEqual(
      expect.objectContaining({
        name: "modules",
        configMap: expect.objectContaining({ name: modules?.metadata.name }),
      }),
    );
  });

  it("lets the entry page and the operator ask at the internal port, and nobody else", () => {
    const internal = signalling.walls?.(params).listens.filter(({ port }) => port === 5281);
    expect(internal?.map(({ from }) => from)).toEqual([{ kind: "role", role: "entry" }, { kind: "operator" }]);
  });

  it("gives Prosody the public key of the rooms only", () => {
    const rooms = podOf().volumes?.find(({ name }) => name === "rooms");
    const key = (version: number) => ({
      name: `greenriver-rooms-${version}`,
      items: [{ key: "public.pem", path: `${version}.pem` }],
    });
    // The next one is there before it exists, so that it reaches a running Prosody.
    expect(rooms?.projected?.sources).toEqual([{ secret: key(1) }, { secret: { ...key(2), optional: true } }]);
  });

  it("mounts only volumes that are there, read-only but for data and temporary files", () => {
    const { containers, volumes } = podOf();
    const names = volumes?.map(({ name }) => name);
    const mounts = containers.flatMap(({ volumeMounts }) => volumeMounts ?? []);
    for (const mount of mounts) expect(names).toContain(mount.name);
    const writable = mounts.filter(({ readOnly }) => !readOnly).map(({ name }) => name);
    expect(writable).toEqual(["prosody-data", "prosody-tmp", "jicofo-tmp"]);
  });

  it("starts anew when its certificate is renewed", () => {
    const renewed = someParams({
      observed: { secretFingerprints: { "greenriver-signalling-tls": "0123456789abcdef" } },
    });
    const pods = JSON.stringify(signalling.build(renewed).find(({ kind }) => kind === "StatefulSet"));
    expect(pods).toContain('"telehealth-operator.io/secrets":"0123456789abcdef"');
  });

  it("is not moved during a call", () => {
    const set = signalling.build(params).find(({ kind }) => kind === "StatefulSet") as IStatefulSet | undefined;
    expect(set?.spec?.template.metadata?.annotations).toEqual({
      "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
      "karpenter.sh/do-not-disrupt": "true",
    });
    expect(podOf().terminationGracePeriodSeconds).toBe(5400);
    expect(podOf().affinity?.podAffinity).toBeDefined();
  });
});
