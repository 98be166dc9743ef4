import { parseSpec } from "../../../src/api/practice.ts";
import type { Walls } from "../../../src/components/component.ts";
import { wallsOf } from "../../../src/components/index.ts";
import { loadConfig } from "../../../src/config.ts";
import { PRACTICES } from "../../../src/controller/kinds.ts";
import { defaultIdentity, resolve } from "../../../src/practice/resolve.ts";
import { RESOURCES } from "../../../src/runtime/resources.ts";
import { hand } from "./node.ts";
import { VALUES } from "./operator.ts";

/** What a practice's parts listen on and whom they talk to, as the operator on the node resolves it. */
export async function declaredWalls(namespace: string): Promise<readonly Walls[]> {
  const live = await hand.get(PRACTICES, { namespace, name: "greenriver" });
  const kept = await hand.get(RESOURCES.ConfigMap, { namespace, name: "greenriver-identity" });
  const parsed = live && parseSpec(live);
  if (!live || !kept || !parsed?.ok) throw new Error("The practice cannot be read yet.");
  const options = { ...loadConfig({}, {}), ...VALUES.config, dns: { ...loadConfig({}, {}).dns, ...VALUES.config.dns } };
  const { mediaPort } = kept["data"] as { mediaPort: string };
  const identity = { ...defaultIdentity(namespace, "greenriver", parsed.spec), mediaPort: Number(mediaPort) };
  const { images } = loadConfig({}, {});
  const resource = { metadata: { ...live.metadata, namespace } };
  return wallsOf(resolve({ resource, spec: parsed.spec, options: { ...options, images }, identity }));
}
