import type { IDeployment } from "kubernetes-models/apps/v1";
import type { IService } from "kubernetes-models/v1";
import { LABEL } from "../../api/group.ts";
import type { Manifest } from "../../manifest.ts";
import type { Practice } from "../../practice/practice.ts";
import type { Component, Params, Walls } from "../component.ts";
import { configuration } from "../configuration.ts";
import { ENTRY_PORT } from "../entry/environment.ts";
import { configJs } from "../jitsi/config.ts";
import { headHtml } from "../jitsi/head.ts";
import { interfaceConfigJs } from "../jitsi/interface-config.ts";
import { configurationVolume, NOTHING, nothingAt, scratchVolume } from "../jitsi/volumes.ts";
import { XMPP_HTTP_PORT } from "../jitsi/xmpp.ts";
import { type ContainerParams, labels, pod, probes } from "../kube.ts";
import { ELEMENT_FILES, elementConfigJson, elementNginxConf } from "../matrix/element.ts";
import { SYNAPSE_PORTS } from "../matrix/homeserver.ts";
import { ELEMENT_PORT, FRONT_PORT, FRONT_READY_PATH, frontNginxConf, WEB_FILES } from "./nginx.ts";

const NGINX_FILES = "/etc/jitsi/nginx";

/** The one pod that the edge of the cluster reaches: nginx with all four hosts, and Element's files beside it. */
export const front: Component = { name: "front", build, walls };

function build({ practice, assets }: Params): readonly Manifest[] {
  const nginx = configuration(practice, "front-nginx", { "nginx.conf": frontNginxConf(practice) });
  const web = configuration(practice, "front-web", {
    "config.js": configJs(practice),
    "interface_config.js": interfaceConfigJs(),
    "head.html": headHtml(practice, assets),
  });
  const element = configuration(practice, "front-element", {
    "config.json": elementConfigJson(practice),
    "nginx.conf": elementNginxConf(),
  });
  return [
    nginx,
    web,
    element,
    { apiVersion: "v1", kind: "ServiceAccount", metadata: metadata(practice), automountServiceAccountToken: false },
    service(practice),
    deployment(practice, { nginx: nginx.metadata.name, web: web.metadata.name, element: element.metadata.name }),
  ];
}

function walls(): Walls {
  const to = (role: "signalling" | "synapse" | "entry") => ({ kind: "role", role }) as const;
  return {
    role: "front",
    listens: [{ port: FRONT_PORT, protocol: "TCP", from: { kind: "frontDoor" } }],
    talksTo: [
      { port: XMPP_HTTP_PORT, protocol: "TCP", to: to("signalling") },
      { port: SYNAPSE_PORTS.client, protocol: "TCP", to: to("synapse") },
      { port: ENTRY_PORT, protocol: "TCP", to: to("entry") },
      // nginx looks its backends up when it starts.
      { port: 53, protocol: "UDP", to: { kind: "dns" } },
      { port: 53, protocol: "TCP", to: { kind: "dns" } },
    ],
  };
}

function metadata(practice: Practice) {
  return { name: practice.names.front, labels: { [LABEL.component]: "front" } };
}

function service(practice: Practice): Manifest & IService {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadata(practice),
    spec: {
      // With `exposure.service` this Service is itself the way in.
      ...(practice.exposure.kind === "service" && { type: practice.exposure.type }),
      selector: labels(practice, "front").selector,
      ports: [{ name: "http", port: FRONT_PORT, targetPort: "http", protocol: "TCP" }],
    },
  };
}

function deployment(practice: Practice, maps: { nginx: string; web: string; element: string }): Manifest & IDeployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: metadata(practice),
    spec: {
      replicas: 1,
      // Another front before this one goes: messaging stays reachable.
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      revisionHistoryLimit: 2,
      selector: { matchLabels: labels(practice, "front").selector },
      template: pod(practice, {
        role: "front",
        serviceAccountName: practice.names.front,
        user: 1000,
        containers: [nginxContainer(practice), elementContainer(practice)],
        volumes: [
          configurationVolume("nginx", maps.nginx),
          configurationVolume("web", maps.web),
          configurationVolume("element", maps.element),
          scratchVolume("nginx-tmp", "64Mi"),
          scratchVolume("element-tmp", "16Mi"),
          NOTHING,
        ],
      }),
    },
  };
}

function nginxContainer(practice: Practice): ContainerParams {
  return {
    name: "nginx",
    image: practice.images.jitsiWeb,
    command: ["nginx"],
    args: ["-c", `${NGINX_FILES}/nginx.conf`, "-g", "daemon off;"],
    ports: [{ name: "http", containerPort: FRONT_PORT, protocol: "TCP" }],
    ...probes({ httpGet: { path: FRONT_READY_PATH, port: "http" } }),
    resources: practice.sizing.front,
    volumeMounts: [
      { name: "nginx", mountPath: NGINX_FILES, readOnly: true },
      { name: "web", mountPath: WEB_FILES, readOnly: true },
      { name: "nginx-tmp", mountPath: "/tmp" },
      ...nothingAt("/config", "/usr/share/jitsi-meet/transcripts"),
    ],
  };
}

/** Listens on loopback, where no probe from the node reaches it, so its probes run inside. */
function elementContainer(practice: Practice): ContainerParams {
  const configuration = `${ELEMENT_FILES}/nginx.conf`;
  return {
    name: "element",
    image: practice.images.element,
    command: ["nginx"],
    args: ["-e", "stderr", "-c", configuration, "-g", "daemon off;"],
    ...probes({ exec: { command: ["wget", "-q", "-O", "/dev/null", `http://127.0.0.1:${ELEMENT_PORT}/config.json`] } }),
    resources: practice.sizing.element,
    volumeMounts: [
      { name: "element", mountPath: ELEMENT_FILES, readOnly: true },
      { name: "element-tmp", mountPath: "/tmp" },
    ],
  };
}
