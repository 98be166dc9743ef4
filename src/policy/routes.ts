import type { Manifest } from "../manifest.ts";

/** Where a route sends requests to. */
export interface Backend {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly port: number | string | undefined;
}

interface IngressBackend {
  readonly service?: { readonly name: string; readonly port?: { readonly number?: number; readonly name?: string } };
}
interface IngressSpec {
  readonly defaultBackend?: IngressBackend;
  readonly tls?: readonly { readonly hosts?: readonly string[] }[];
  readonly rules?: readonly {
    readonly host?: string;
    readonly http?: { readonly paths?: readonly { readonly path?: string; readonly backend: IngressBackend }[] };
  }[];
}
interface RouteSpec {
  readonly hostnames?: readonly string[];
  readonly rules?: readonly {
    readonly matches?: readonly { readonly path?: { readonly type?: string; readonly value?: string } }[];
    readonly backendRefs?: readonly Reference[];
    readonly filters?: readonly { readonly requestMirror?: { readonly backendRef: Reference } }[];
  }[];
}
interface Reference {
  readonly name: string;
  readonly namespace?: string;
  readonly port?: number;
  readonly kind?: string;
}
interface OtherSpec {
  readonly listeners?: readonly { readonly hostname?: string; readonly protocol?: string }[];
  readonly dnsNames?: readonly string[];
}

/** All backends of an Ingress or an HTTPRoute, mirrors too. A backend that is no Service has an empty name. */
export function backendsOf({ kind, spec }: Manifest): Backend[] {
  if (kind === "Ingress") {
    const { defaultBackend, rules = [] } = spec as IngressSpec;
    const paths = rules.flatMap(({ http }) => http?.paths?.map(({ backend }) => backend) ?? []);
    return [...(defaultBackend ? [defaultBackend] : []), ...paths].map(({ service }) => ({
      name: service?.name ?? "",
      namespace: undefined,
      port: service?.port?.number ?? service?.port?.name,
    }));
  }
  const { rules = [] } = spec as RouteSpec;
  const mirrors = rules.flatMap(({ filters = [] }) => filters.flatMap((f) => f.requestMirror?.backendRef ?? []));
  return [...rules.flatMap(({ backendRefs = [] }) => backendRefs), ...mirrors].map((reference) => ({
    name: (reference.kind ?? "Service") === "Service" ? reference.name : "",
    namespace: reference.namespace,
    port: reference.port,
  }));
}

/** The hosts that an object names; the empty string stands for any host. */
export function hostsOf({ kind, spec }: Manifest): string[] {
  if (kind === "Ingress") {
    const { rules = [], tls = [] } = spec as IngressSpec;
    return [...rules.map(({ host = "" }) => host), ...tls.flatMap(({ hosts = [] }) => hosts)];
  }
  if (kind === "HTTPRoute") return [...((spec as RouteSpec).hostnames ?? [""])];
  const { listeners = [], dnsNames = [] } = spec as OtherSpec;
  // Plain HTTP is there for challenges and for the redirect; which host may use it is up to the routes.
  const secure = listeners.filter(({ protocol }) => protocol !== "HTTP").map(({ hostname = "" }) => hostname);
  return [...secure, ...dnsNames];
}

/** The paths of an Ingress or an HTTPRoute; `/` where none is named. */
export function pathsOf({ kind, spec }: Manifest): string[] {
  if (kind === "Ingress") {
    const { rules = [] } = spec as IngressSpec;
    return rules.flatMap(({ http }) => http?.paths?.map(({ path = "/" }) => path) ?? ["/"]);
  }
  const { rules = [] } = spec as RouteSpec;
  return rules.flatMap(({ matches = [{}] }) => matches.map(({ path }) => path?.value ?? "/"));
}
