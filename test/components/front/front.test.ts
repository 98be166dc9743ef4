import type { IDeployment } from "kubernetes-models/apps/v1";
import { describe, expect, it } from "vitest";
import { front } from "../../../src/components/front/front.ts";
import { frontNginxConf } from "../../../src/components/front/nginx.ts";
import { elementConfigJson } from "../../../src/components/matrix/element.ts";
import { someParams, somePractice } from "../../support/practice.ts";

const params = someParams();

describe("front", () => {
  const objects = front.build(params);
  const deployment = objects.find(({ kind }) => kind === "Deployment") as IDeployment | undefined;
  const pod = deployment?.spec?.template.spec;

  it("brings another pod before the first one goes", () => {
    expect(deployment?.spec?.strategy).toEqual({
      type: "RollingUpdate",
      rollingUpdate: { maxSurge: 1, maxUnavailable: 0 },
    });
  });

  it("mounts what it renders", () => {
    const rendered = objects.filter(({ kind }) => kind === "ConfigMap").map(({ metadata }) => metadata.name);
    const mounted = pod?.volumes?.flatMap(({ configMap }) => configMap?.name ?? []);
    expect(mounted?.toSorted()).toEqual(rendered.toSorted());
    const volumes = pod?.volumes?.map(({ name }) => name);
    for (const mount of pod?.containers.flatMap(({ volumeMounts }) => volumeMounts ?? []) ?? []) {
      expect(volumes).toContain(mount.name);
    }
  });

  it("holds no Secret", () => {
    expect(JSON.stringify(deployment)).not.toMatch(/secret/i);
  });

  it("is the only one behind the front door, and talks to three neighbours and DNS", () => {
    expect(front.walls?.(params)).toMatchObject({
      listens: [{ port: 8080, from: { kind: "frontDoor" } }],
      talksTo: [
        { port: 5280, to: { role: "signalling" } },
        { port: 8008, to: { role: "synapse" } },
        { port: 8080, to: { role: "entry" } },
        { port: 53, to: { kind: "dns" } },
        { port: 53, to: { kind: "dns" } },
      ],
    });
  });
});

describe("nginx.conf", () => {
  it("writes down nothing about requests and passes no header that is not listed", () => {
    const conf = frontNginxConf(somePractice());
    expect(conf).toContain("access_log off;");
    expect(conf).toContain("proxy_pass_request_headers off;");
    expect(conf).not.toMatch(/remote_addr|X-Forwarded-For|User-Agent/i);
  });
});

describe("Element's config.json", () => {
  const config = JSON.parse(elementConfigJson(somePractice())) as Record<string, unknown>;

  it("knows one homeserver and one place for calls", () => {
    expect(config).toMatchObject({
      default_server_config: {
        "m.homeserver": { base_url: "https://matrix.greenriver.example", server_name: "matrix.greenriver.example" },
      },
      disable_custom_urls: true,
      disable_guests: true,
      jitsi: { preferred_domain: "meet.greenriver.example" },
      element_call: { disable: true },
      integrations_ui_url: null,
      room_directory: { servers: [] },
    });
  });

  it("leaves out whatever would report to somebody, and keeps calls", () => {
    for (const key of ["posthog", "sentry", "bug_report_endpoint_url", "map_style_url", "gif", "audio_stream_url"]) {
      expect(config).not.toHaveProperty(key);
    }
    expect(config.setting_defaults).toMatchObject({ "UIFeature.identityServer": false, webRtcAllowPeerToPeer: false });
    expect(config.setting_defaults).not.toHaveProperty(["UIFeature.widgets"]);
    expect(config.setting_defaults).not.toHaveProperty(["UIFeature.voip"]);
  });
});
