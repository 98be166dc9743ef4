import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LABEL } from "../../../src/api/group.ts";
import type { Params } from "../../../src/components/component.ts";
import { bridge } from "../../../src/components/bridge/bridge.ts";
import { JICOFO_HTTP_PORT } from "../../../src/components/jitsi/jicofo.ts";
import { JVB_HTTP_PORT } from "../../../src/components/jitsi/jvb.ts";
import { signalling } from "../../../src/components/signalling/signalling.ts";
import { relocated } from "../../apps/support/relocate.ts";
import type { Signalling } from "../../apps/support/signalling.ts";
import type { ProcessGroup } from "../../bed/processes.ts";
import { run } from "../../bed/run.ts";
import { waitFor } from "../../bed/wait.ts";
import { type Differences, overlay } from "./differences.ts";
import { POD_IP } from "./namespace.ts";
import type { Stack } from "./parts.ts";

const TRUSTSTORE_PASSWORD = "truststore-password-of-the-test";

const DAEMONS = {
  jicofo: { component: signalling, home: "/usr/share/jicofo", port: JICOFO_HTTP_PORT, ready: "/about/version" },
  jvb: { component: bridge, home: "/usr/share/jitsi-videobridge", port: JVB_HTTP_PORT, ready: "/about/health" },
} as const;
export type Daemon = keyof typeof DAEMONS;

interface Rendered {
  readonly args: readonly string[];
  readonly files: Readonly<Record<string, string>>;
}

/**
 * Starts jicofo and the bridge with the rendered arguments and files; where they stand, and which port Prosody has,
 * is all that is moved. They trust the test's authority alone, and check certificates.
 */
export async function startDaemons(
  params: Params,
  parts: { stack: Stack; prosody: Signalling; differences: Differences; group: ProcessGroup; folder: string },
) {
  const { stack, prosody, differences, group, folder } = parts;
  const trust = await trustStore(folder, prosody.authority);
  const secrets = {
    jicofo: { JICOFO_PASSWORD: prosody.focusPassword },
    jvb: { JVB_PASSWORD: prosody.bridgePassword, POD_IP, POD_NAME: "greenriver-bridge-0" },
  };
  const places = {
    jicofo: { '"port": 5222': `"port": ${prosody.ports.xmpp}` },
    jvb: {
      '"PORT": 5222': `"PORT": ${prosody.ports.xmpp}`,
      // Not loopback, where it would do without TLS.
      [`"${params.practice.names.signalling}"`]: `"${POD_IP}"`,
    },
  };
  const start = async (name: Daemon) => {
    const { args, files } = rendered(params, name);
    const own = join(folder, name);
    await mkdir(join(own, "tmp"), { recursive: true });
    for (const [file, text] of Object.entries(files)) await writeFile(join(own, file), text);
    const configuration = join(own, `${name}.conf`);
    await writeFile(configuration, relocated(files[`${name}.conf`] ?? "", places[name]));
    const keys = differences[name];
    const used = Object.keys(keys).length > 0 ? join(own, "overlay.conf") : configuration;
    await writeFile(join(own, "overlay.conf"), overlay(configuration, keys));
    const moved = moveEach(args, [
      [`-Dconfig.file=/etc/jitsi/${name}/${name}.conf`, `-Dconfig.file=${used}`],
      [`/etc/jitsi/${name}/`, `${own}/`],
      ["/etc/jitsi/trust/truststore.p12", trust],
      [DAEMONS[name].home, stack[name]],
      ["tmpdir=/tmp", `tmpdir=${join(own, "tmp")}`],
      ["$(TRUSTSTORE_PASSWORD)", TRUSTSTORE_PASSWORD],
    ]);
    return group.start(name, "java", moved, secrets[name]);
  };
  const running = { jvb: await start("jvb"), jicofo: await start("jicofo") };
  const log = (name: Daemon) => readFile(join(folder, "log", `${name}.log`), "utf8");
  const ask = (name: Daemon, path: string) => fetch(`http://127.0.0.1:${DAEMONS[name].port}${path}`);
  for (const name of Object.keys(DAEMONS) as Daemon[]) {
    await waitFor(
      async () => {
        if (running[name].ended()) return true;
        return (await ask(name, DAEMONS[name].ready)).ok;
      },
      { timeout: 90_000, interval: 200, what: `${name} to be ready` },
    );
    if (running[name].ended()) throw new Error(`${name} ${running[name].ended()}: ${await log(name)}`);
  }
  return { running, log, ask, folder: (name: Daemon) => join(folder, name) };
}

/** A container's arguments and the files that are mounted for it, as rendered. */
function rendered(params: Params, name: Daemon): Rendered {
  const objects = DAEMONS[name].component.build(params);
  const map = objects.find(({ kind, metadata }) => kind === "ConfigMap" && metadata.labels?.[LABEL.component] === name);
  const set = objects.find(({ kind }) => kind === "StatefulSet") as
    | { spec: { template: { spec: { containers: { name: string; args: string[] }[] } } } }
    | undefined;
  const container = set?.spec.template.spec.containers.find((candidate) => candidate.name === name);
  if (!map || !container) throw new Error(`Nothing is rendered for ${name}.`);
  return { args: container.args, files: map.data as Record<string, string> };
}

/** @throws Error when something is in no argument: then the test would start something else than it says. */
function moveEach(args: readonly string[], places: readonly (readonly [string, string])[]): string[] {
  return places.reduce<string[]>(
    (moved, [from, to]) => {
      if (!moved.some((argument) => argument.includes(from))) throw new Error(`No argument holds ${from}.`);
      return moved.map((argument) => argument.replaceAll(from, to));
    },
    [...args],
  );
}

/** As cert-manager makes it for the practice's own authority. */
async function trustStore(folder: string, authority: string): Promise<string> {
  const [pem, store] = [join(folder, "ca.pem"), join(folder, "truststore.p12")];
  await writeFile(pem, authority);
  const file = ["-file", pem, "-keystore", store, "-storetype", "PKCS12", "-storepass", TRUSTSTORE_PASSWORD];
  await run("keytool", ["-importcert", "-noprompt", "-alias", "ca", ...file]);
  return store;
}
