import type { IContainer } from "kubernetes-models/v1";
import type { Assets } from "../assets.ts";
import type { Manifest } from "../manifest.ts";
import type { Practice } from "../practice/practice.ts";
import { remember, rememberText } from "../remember.ts";
import { containersOf, podTemplates, type PodTemplate } from "./pods.ts";
import { type Check, violation } from "./policy.ts";

/** Addresses in a text: `https://host`, `any://name:word@host:1`, `"//host`, `stun:host`; Python's `ext://` is none. */
const ADDRESSES =
  /(?:\b(?!ext:)[a-z][a-z0-9+.-]*:|["'(=])\/\/([^\s"'/?#;,)\\<>]+)|\b(?:stun|turn)s?:([^\s"'/?#;,)\\]+)/gi;
/** Hosts whose makers' programs contact them when nobody says otherwise. */
const MAKERS =
  /\b(?:matrix\.org|vector\.im|element\.io|jitsi\.(?:org|net)|jit\.si|8x8\.vc|gravatar\.com|giphy\.com|google(?:apis|-analytics|tagmanager)?\.com|amplitude\.com|sentry\.io|posthog\.com|cloudflare\.com|unpkg\.com|jsdelivr\.net)\b/gi;

/** How nginx calls what is behind it; and the pod itself. */
const UPSTREAMS = ["signalling", "synapse", "entry", "element", "127.0.0.1"];

/** Hosts that may be named: the practice's own, and those that a field of its manifest names. */
function named({ hosts, legal, messaging, staff, names }: Practice): Set<string> {
  const { database } = messaging;
  return new Set([
    ...Object.values(hosts),
    ...Object.values(legal).flatMap((url) => URL.parse(url)?.hostname ?? []),
    ...(database.kind === "external" ? [database.host] : []),
    ...(staff.oidc ? [URL.parse(staff.oidc.issuer)?.hostname ?? ""] : []),
    names.signalling,
    names.synapse,
    names.entry,
    names.postgres,
    ...UPSTREAMS,
  ]);
}

export const noThirdPartyHost: Check = {
  name: "no-third-party-host",
  promise: "metadata",
  because:
    "Who is contacted learns the address of a patient, and often the room. No configuration names a host that is not " +
    "the practice's own or stated in its manifest.",
  violations: ({ objects, practice, assets }) => {
    const allowed = named(practice);
    // What we ship ourselves is compared byte for byte by other checks, and names protocols by their addresses.
    const shipped = new Set([...Object.values(assets.prosodyModules), assets.practicePolicy]);
    const hostsIn = hostsBeside(assets);
    return podTemplates(objects).flatMap((pod) => {
      const texts = textsOf(objects, pod, practice).filter((text) => !shipped.has(text));
      const hosts = texts.flatMap((text) => hostsIn(text));
      return [...new Set(hosts)]
        .filter((host) => !allowed.has(host))
        .map((host) => violation(pod.workload, `Its configuration names ${host}, which is not the practice's own.`));
    });
  },
};

/** All that the programs of a pod are told: mounted files and environment. */
function textsOf(objects: readonly Manifest[], { spec }: PodTemplate, practice: Practice): string[] {
  const maps = (spec.volumes ?? []).flatMap(({ configMap }) => configMap?.name ?? []);
  const files = objects
    .filter(({ kind, metadata }) => kind === "ConfigMap" && maps.includes(metadata.name))
    .flatMap((map) => Object.values((map["data"] ?? {}) as Record<string, string>));
  const told = ({ command = [], args = [], env = [] }: IContainer) => [
    ...command,
    ...args,
    ...env.map(({ name, value = "" }) => (name === "ENTRY_STUN" ? withoutOwnResponders(value, practice) : value)),
  ];
  // No address goes on in the next line.
  return [...files, containersOf(spec).flatMap(told).join("\n")];
}

/**
 * A list of STUN servers without the practice's own: at the addresses that its manifest names, or else, because only the
 * cluster knows them, at any address, never a name, and always at the port after that of media.
 */
function withoutOwnResponders(list: string, { video }: Practice): string {
  const { addresses, port } = video.media;
  const isOwn = (url: string) => {
    const [, ip, at] = /^stun:\[?([0-9a-f.:]+?)\]?:(\d+)$/i.exec(url) ?? [];
    if (addresses.length === 0) return ip !== undefined && Number(at) === port + 1;
    return addresses.some((own) => own.ip === ip && own.port + 1 === Number(at));
  };
  return list
    .split(" ")
    .filter((url) => !isOwn(url))
    .join(" ");
}

/**
 * The hosts that a text names; those in our own guard, which is part of a page, are not meant. What stands on both sides of it is
 * kept apart, so that nothing hides by being joined.
 */
const hostsBeside = remember(({ guard }: Assets) => rememberText((text) => hostsOf(text.replace(guard, "\n"))));

function hostsOf(text: string): readonly string[] {
  const plain = unescaped(text);
  const addresses = [...plain.matchAll(ADDRESSES)].map(([, host, relay]) => host ?? relay ?? "");
  return [...addresses, ...[...plain.matchAll(MAKERS)].map(([host]) => host)].map((host) =>
    host.toLowerCase().replaceAll(/^.*@|:[^:\]]*$/g, ""),
  );
}

/** A text without the escapes of scripts and JSON. What nginx calls `$request_uri` always begins with a slash. */
function unescaped(text: string): string {
  return text
    .replaceAll("$request_uri", "/")
    .replaceAll(/\\u([0-9a-f]{4})|\\x([0-9a-f]{2})/gi, (_, wide?: string, narrow?: string) =>
      String.fromCharCode(Number.parseInt(wide ?? narrow ?? "", 16)),
    )
    .replaceAll("\\/", "/");
}
