import { existsSync } from "node:fs";
import { join } from "node:path";
import { cacheEntry, kept } from "./cache.ts";
import { say, withProgress } from "./progress.ts";
import { kubernetesVersion, programs } from "./versions.ts";
import { needGo } from "./go.ts";
import { buildFromModules, moduleInputs } from "./ways/modules.ts";
import { downloadReleases } from "./ways/released.ts";

/** One way to the programs of a control plane. `open` returns their folder or throws why it cannot. */
export interface Way {
  readonly name: string;
  open(): Promise<string>;
}

const shared = cacheEntry("control-plane", moduleInputs);

const explicit: Way = {
  name: "the folder that KUBEBUILDER_ASSETS names",
  open: async () => {
    const folder = process.env.KUBEBUILDER_ASSETS;
    if (!folder) throw new Error("KUBEBUILDER_ASSETS is not set");
    const missing = programs.filter((program) => !existsSync(join(folder, program)));
    if (missing.length > 0) throw new Error(`${folder} has no ${missing.join(", ")}`);
    return folder;
  },
};

const cached: Way = {
  name: "the cache",
  open: async () => {
    if (!existsSync(shared)) throw new Error(`${shared} is not there yet`);
    return shared;
  },
};

const released: Way = {
  name: "the released programs of Kubernetes and etcd",
  open: async () => {
    if (process.platform !== "linux") throw new Error("API servers are released for Linux only");
    return withProgress(`downloading Kubernetes ${kubernetesVersion}`, () =>
      kept(shared, (into) => downloadReleases(into)),
    );
  },
};

const modules: Way = {
  name: "a build from Go modules",
  open: async () => {
    await needGo();
    return withProgress(
      `building Kubernetes ${kubernetesVersion} from Go modules (cold up to 10 min, warm 1 min)`,
      () => kept(shared, buildFromModules),
    );
  },
};

/** In the order in which they are tried. */
export const ways: readonly Way[] = [explicit, cached, released, modules];

/** No way to a control plane is open on this machine; `message` lists each with its reason and what would help. */
class NoControlPlane extends Error {
  override readonly name = "NoControlPlane";
}

/**
 * Returns a folder with the programs of a control plane, by the first way that is open, and says which one that was
 * and why the ones before it were not. Throws `NoControlPlane` when none is.
 */
export async function provisionControlPlane(from: readonly Way[] = ways): Promise<string> {
  const closed: string[] = [];
  for (const way of from) {
    try {
      const folder = await way.open();
      for (const line of closed) say(line);
      say(`control plane taken from ${way.name}: ${folder}`);
      return folder;
    } catch (error) {
      closed.push(`not from ${way.name}: ${error instanceof Error ? reason(error) : String(error)}`);
    }
  }
  throw new NoControlPlane(
    `There is no Kubernetes control plane for the tests (${closed.join("; ")}). ` +
      "Any one of these would help: Go 1.26 or newer, a network that reaches dl.k8s.io and github.com, " +
      "or a folder with the programs named by KUBEBUILDER_ASSETS.",
  );
}

/** `fetch failed` says nothing; its cause does. */
function reason(error: Error): string {
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
