import type { PracticeStatus } from "../api/status.ts";
import type { Practice } from "../practice/practice.ts";
import type { Cache } from "../runtime/cluster.ts";
import { RESOURCES } from "../runtime/resources.ts";

type Records = NonNullable<PracticeStatus["dns"]>;

/** The DNS records to create: each host, and where the edge of the cluster says that it is reached. */
export function dnsRecords(cache: Cache, practice: Practice): Records {
  const edges = edgeAddresses(cache, practice.namespace);
  return Object.values(practice.hosts).flatMap((name) => edges.map((value) => ({ name, type: typeOf(value), value })));
}

/** Addresses in the status of our Ingresses and our Gateway; a shared Gateway's are its owner's to tell. */
function edgeAddresses(cache: Cache, namespace: string): string[] {
  const ingresses = cache.list(RESOURCES.Ingress, namespace).flatMap((ingress) => {
    const { loadBalancer } = (ingress["status"] ?? {}) as {
      loadBalancer?: { ingress?: { ip?: string; hostname?: string }[] };
    };
    return (loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname);
  });
  const gateways = cache.list(RESOURCES.Gateway, namespace).flatMap((gateway) => {
    const { addresses } = (gateway["status"] ?? {}) as { addresses?: { value: string }[] };
    return (addresses ?? []).map(({ value }) => value);
  });
  const found = [...ingresses, ...gateways].filter((address) => address !== undefined);
  return [...new Set(found)].toSorted();
}

function typeOf(value: string): Records[number]["type"] {
  if (value.includes(":")) return "AAAA";
  return /^[0-9.]+$/.test(value) ? "A" : "CNAME";
}
