import { lookup } from "node:dns/promises";
import { namesOf } from "../practice/names.ts";
import type { MediaAddress, Observed, Practice } from "../practice/practice.ts";
import { RESOURCES } from "../runtime/resources.ts";
import type { Born } from "./birth.ts";
import { secretFingerprints } from "./fingerprints.ts";
import type { Cache, Cluster } from "../runtime/cluster.ts";

/** Where facts are read. */
export type Sources = { readonly cluster: Cluster; readonly cache: Cache };

/** At most this many node addresses are advertised to clients. */
const MAX_NODE_ADDRESSES = 8;

/** Reads what rendering needs from the caches, and what no cache holds from the cluster. The only reader. */
export async function observe(context: Sources, practice: Practice, born: Born): Promise<Observed> {
  return {
    secrets: born.secrets,
    apis: {
      certManager: context.cache.serves(RESOURCES.Certificate),
      gateway: context.cache.serves(RESOURCES.HTTPRoute),
      cloudNativePG: false,
    },
    mediaAddresses: await mediaAddresses(context, practice),
    storageClasses: storageClasses(context, practice),
    secretFingerprints: await secretFingerprints(context, practice, born),
  };
}

/** Stated addresses, else what the Service's load balancer or the nodes tell, in a stable order. */
async function mediaAddresses(context: Sources, practice: Practice): Promise<readonly MediaAddress[]> {
  const { media } = practice.video;
  if (media.addresses.length > 0) return media.addresses;
  const ips = media.service === "LoadBalancer" ? await loadBalancerIps(context, practice) : nodeIps(context);
  return ips.toSorted().map((ip) => ({ ip, port: media.port }));
}

async function loadBalancerIps(context: Sources, practice: Practice): Promise<string[]> {
  const ref = { namespace: practice.namespace, name: practice.names.media };
  const { loadBalancer } = (context.cache.get(RESOURCES.Service, ref)?.["status"] ?? {}) as ServiceStatus;
  const ips = await Promise.all(
    (loadBalancer?.ingress ?? []).map(async ({ ip, hostname }) => {
      if (ip) return [ip];
      // Some clouds give a name, but the bridge advertises addresses.
      if (hostname) return (await lookup(hostname, { all: true }).catch(() => [])).map(({ address }) => address);
      return [];
    }),
  );
  return [...new Set(ips.flat())];
}

interface ServiceStatus {
  loadBalancer?: { ingress?: { ip?: string; hostname?: string }[] };
}

/** External addresses of the nodes; internal ones where no node has an external one. */
function nodeIps(context: Sources): string[] {
  const addresses = context.cache
    .list(RESOURCES.Node)
    .flatMap((node) => (node["status"] as { addresses?: { type: string; address: string }[] })?.addresses ?? []);
  const ofType = (type: string) => [...new Set(addresses.filter((a) => a.type === type).map((a) => a.address))];
  const external = ofType("ExternalIP");
  return (external.length > 0 ? external : ofType("InternalIP")).toSorted().slice(0, MAX_NODE_ADDRESSES);
}

/** A live claim keeps its class: it is immutable, and a changed default must move nothing. */
function storageClasses(context: Sources, practice: Practice): Observed["storageClasses"] {
  const { databaseVolume, messagesVolume } = namesOf(practice.name);
  const classes: Record<string, string> = {};
  for (const name of [databaseVolume, messagesVolume]) {
    const claim = context.cache.get(RESOURCES.PersistentVolumeClaim, { namespace: practice.namespace, name });
    const { storageClassName } = (claim?.["spec"] ?? {}) as { storageClassName?: string };
    if (storageClassName) classes[name] = storageClassName;
  }
  return classes;
}
