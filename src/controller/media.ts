import { stunPort } from "../components/bridge/addresses.ts";
import { familyOf, type IpFamily } from "../practice/addresses.ts";
import type { MediaAddress, Observed, Practice } from "../practice/practice.ts";
import { RESOURCES } from "../runtime/resources.ts";
import type { Sources } from "./observe.ts";

/** At most this many node addresses are advertised to clients. */
const MAX_NODE_ADDRESSES = 8;

type Media = Pick<Observed, "mediaAddresses" | "mediaFamilies" | "mediaProblem">;

/** Where the bridge is reached: as stated, else what the Service's load balancer or the nodes tell, in a stable order. */
export async function mediaOf(sources: Sources, practice: Practice): Promise<Media> {
  const { media } = practice.video;
  const ref = { namespace: practice.namespace, name: practice.names.media };
  const service = (sources.cache.get(RESOURCES.Service, ref) ?? {}) as Service;
  // A Service that is not there yet says nothing; nearly all have IPv4.
  const mediaFamilies = service.spec?.ipFamilies ?? ["IPv4"];
  const mediaProblem = problemOf(sources, practice, service);
  const ips =
    media.service === "LoadBalancer" ? await balancerIps(sources, practice, service) : nodeIps(sources, mediaFamilies);
  const found = ips.toSorted().map((ip): MediaAddress => ({ ip, port: media.port }));
  const mediaAddresses = media.addresses.length > 0 ? media.addresses : found;
  return { mediaAddresses, mediaFamilies, ...(mediaProblem && { mediaProblem }) };
}

interface Service {
  readonly spec?: { readonly ipFamilies?: readonly IpFamily[] };
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly Ingress[] } };
}

interface Ingress {
  readonly ip?: string;
  readonly hostname?: string;
  readonly ports?: readonly { readonly port: number; readonly protocol?: string; readonly error?: string }[];
}

function problemOf({ cache }: Sources, { names, video }: Practice, service: Service): Observed["mediaProblem"] {
  const { media } = video;
  if (media.service === "NodePort") {
    if (media.addresses.length > 0 || cache.serves(RESOURCES.Node)) return undefined;
    return {
      reason: "AddressNeeded",
      message: `The operator may not read the nodes' addresses. Set spec.video.media.addresses to those at which clients reach UDP ports ${media.port} and ${stunPort(media.port)} of the nodes.`,
    };
  }
  const [refused] = [media.port, stunPort(media.port)].flatMap((port) =>
    ingressesOf(service)
      .flatMap((ingress) => errorOf(ingress, port) ?? [])
      .map((error) => ({ port, error })),
  );
  if (!refused) return undefined;
  return {
    reason: "PortTaken",
    message: `The load balancer of the Service ${names.media} does not open UDP port ${refused.port}: ${refused.error}. Another Service may have this port at the same address. Set spec.video.media.port to another one; the one after it is used as well.`,
  };
}

function ingressesOf(service: Service): readonly Ingress[] {
  return service.status?.loadBalancer?.ingress ?? [];
}

function errorOf({ ports = [] }: Ingress, wanted: number): string | undefined {
  return ports.find(({ port, protocol }) => port === wanted && protocol === "UDP")?.error;
}

async function balancerIps({ lookup }: Sources, { video }: Practice, service: Service): Promise<string[]> {
  if (video.media.addresses.length > 0) return [];
  const usable = ingressesOf(service).filter((ingress) => errorOf(ingress, video.media.port) === undefined);
  // Some clouds give a name, but the bridge advertises addresses.
  const ips = usable.map(async ({ ip, hostname }) => (ip ? [ip] : hostname ? lookup(hostname) : []));
  return [...new Set((await Promise.all(ips)).flat())];
}

/** External addresses of the nodes; internal ones where no node has an external one. */
function nodeIps({ cache }: Sources, families: readonly IpFamily[]): string[] {
  const addresses = cache
    .list(RESOURCES.Node)
    .flatMap((node) => (node["status"] as { addresses?: { type: string; address: string }[] })?.addresses ?? [])
    .filter(({ address }) => families.includes(familyOf(address)));
  const ofType = (type: string) => [...new Set(addresses.filter((a) => a.type === type).map((a) => a.address))];
  const external = ofType("ExternalIP");
  return (external.length > 0 ? external : ofType("InternalIP")).toSorted().slice(0, MAX_NODE_ADDRESSES);
}
