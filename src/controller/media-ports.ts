import { namesOf } from "../practice/names.ts";
import type { Cache } from "../runtime/cluster.ts";
import { RESOURCES } from "../runtime/resources.ts";
import { PRACTICES } from "./kinds.ts";

/** The band of node ports that is given away by chance (KEP-3668); a practice takes an even one and the next. */
const [FIRST, LAST] = [30_086, 32_766];

/**
 * The first port from this one on of which the caches know that neither it nor the next is taken: by a Service, or by a
 * practice whose Service is still to be made. Asking the server instead costs two requests for each port that is taken, and
 * with a thousand practices most are. Who sees some namespaces only may still be refused by the server.
 */
export function freeMediaPort(cache: Cache, from: number): number {
  if (from < FIRST || from > LAST) return from;
  const taken = takenPorts(cache);
  const slots = (LAST - FIRST) / 2 + 1;
  for (let n = 0; n < slots; n += 1) {
    const port = FIRST + ((from - FIRST + 2 * n) % (2 * slots));
    if (!taken.has(port) && !taken.has(port + 1)) return port;
  }
  return from;
}

/** The one to try when the server says that this one is taken. */
export function nextMediaPort(port: number): number {
  return port >= LAST ? FIRST : port + 2;
}

/** The server gives a load balancer that keeps client addresses a port more, for its health checks. */
interface ServiceSpec {
  readonly ports?: readonly { readonly nodePort?: number }[];
  readonly healthCheckNodePort?: number;
}

function takenPorts(cache: Cache): ReadonlySet<number> {
  const services = cache.list(RESOURCES.Service).flatMap((service) => {
    const { ports = [], healthCheckNodePort = 0 } = (service["spec"] ?? {}) as ServiceSpec;
    return [healthCheckNodePort, ...ports.flatMap(({ nodePort }) => nodePort ?? [])];
  });
  const promised = cache.list(PRACTICES).flatMap(({ metadata: { namespace = "", name } }) => {
    const identity = cache.get(RESOURCES.ConfigMap, { namespace, name: namesOf(name).identity });
    const port = Number((identity?.["data"] as { mediaPort?: string } | undefined)?.mediaPort);
    return Number.isInteger(port) ? [port, port + 1] : [];
  });
  return new Set([...services, ...promised]);
}
