import { namesOf } from "../practice/names.ts";
import { ANNOTATION, LABEL } from "../api/group.ts";
import { Stalled, Waiting } from "../runtime/errors.ts";
import { RESOURCES } from "../runtime/resources.ts";
import type { Context, PracticeResource } from "./context.ts";
import { keyOf, PRACTICES } from "./kinds.ts";

/** Which practices name which hosts, so that a change asks only those again whom it concerns. */
export interface HostClaims {
  /** Records what a practice claims (nothing when it is gone). @returns the keys of others that share or shared a host. */
  set(key: string, hosts: readonly string[]): readonly string[];
  /** All practices that claim a host. */
  claimants(host: string): readonly string[];
}

export function createHostClaims(): HostClaims {
  const byHost = new Map<string, Set<string>>();
  const byKey = new Map<string, readonly string[]>();
  return {
    set(key, hosts) {
      const before = byKey.get(key) ?? [];
      const rivals = new Set([...before, ...hosts].flatMap((host) => [...(byHost.get(host) ?? [])]));
      for (const host of before) {
        const keys = byHost.get(host);
        keys?.delete(key);
        if (keys?.size === 0) byHost.delete(host);
      }
      for (const host of hosts) byHost.set(host, (byHost.get(host) ?? new Set()).add(key));
      if (hosts.length > 0) byKey.set(key, hosts);
      else byKey.delete(key);
      rivals.delete(key);
      return [...rivals];
    },
    claimants: (host) => [...(byHost.get(host) ?? [])],
  };
}

/**
 * One host, one practice: the older claim keeps it. A claim is as old as the practice's identity object, because
 * a restore from backup makes every practice new; without one, as the practice itself.
 * @throws Stalled `HostTaken`
 */
export async function assertHostsAreOurs(
  context: Context,
  resource: PracticeResource,
  hosts: readonly string[],
): Promise<void> {
  const key = keyOf(resource);
  for (const host of hosts) {
    for (const rivalKey of context.claims.claimants(host)) {
      if (rivalKey === key) continue;
      const [namespace = "", name = ""] = rivalKey.split("/");
      const rival = context.cache.get(PRACTICES, { namespace, name });
      if (rival && (await isOlder(context, rival as PracticeResource, resource))) {
        throw new Stalled(
          "HostTaken",
          `The host ${host} belongs to the older practice ${rivalKey}. Choose another spec.domain or spec.hosts, or delete that practice.`,
        );
      }
    }
  }
}

/**
 * With the option `domains: byNamespace`: every host is one of the domains that the namespace's annotation lists, or
 * below one. Who may write on namespaces is not who writes practices.
 * @throws Stalled `DomainNotGranted`
 */
export function assertDomainsAreGranted(context: Context, resource: PracticeResource, hosts: readonly string[]): void {
  if (context.config.domains !== "byNamespace") return;
  const { namespace } = resource.metadata;
  const listed = context.cache.get(RESOURCES.Namespace, { name: namespace })?.metadata.annotations?.[
    ANNOTATION.domains
  ];
  const granted = (listed ?? "").split(",").flatMap((domain) => domain.trim() || []);
  const refused = hosts.find((host) => !granted.some((domain) => host === domain || host.endsWith(`.${domain}`)));
  if (refused === undefined) return;
  throw new Stalled(
    "DomainNotGranted",
    `The host ${refused} is not in a domain that was granted to the namespace ${namespace}. Whoever runs the cluster grants one by the namespace's annotation ${ANNOTATION.domains}.`,
  );
}

/**
 * A practice owns its namespace: its walls select every pod there.
 * @throws Stalled `NamespaceNotDedicated`
 */
export async function assertNamespaceIsDedicated(context: Context, resource: PracticeResource): Promise<void> {
  const { namespace, name } = resource.metadata;
  const refuse = (why: string): never => {
    throw new Stalled(
      "NamespaceNotDedicated",
      `${why} A practice needs a namespace of its own, because its walls cut off every pod in it. Create one and apply the manifest there.`,
    );
  };
  if (namespace === "default" || namespace.startsWith("kube-")) refuse(`"${namespace}" is a shared namespace.`);
  for (const other of context.cache.list(PRACTICES, namespace)) {
    if (other.metadata.name === name) continue;
    if (await isOlder(context, other as PracticeResource, resource)) {
      refuse(`The practice ${other.metadata.name} already lives in ${namespace}.`);
    }
  }
  const walled = context.cache.get(RESOURCES.NetworkPolicy, { namespace, name: namesOf(name).defaultDeny });
  if (walled?.metadata.labels?.[LABEL.practice] === name) return;
  const stranger = context.cache
    .list(RESOURCES.Pod, namespace)
    .find((pod) => pod.metadata.labels?.[LABEL.practice] !== name);
  if (stranger) refuse(`The pod ${stranger.metadata.name} in ${namespace} is not part of this practice.`);
}

/**
 * Nothing can be made in a namespace that is being deleted; the practice's own deletion comes with it.
 * @throws Waiting `Deleting`
 */
export function assertNamespaceStays(context: Context, { metadata: { namespace } }: PracticeResource): void {
  if (!context.cache.get(RESOURCES.Namespace, { name: namespace })?.metadata.deletionTimestamp) return;
  throw new Waiting("Deleting", `The namespace ${namespace} is being deleted, and the practice with it.`, 30);
}

async function isOlder(context: Context, a: PracticeResource, b: PracticeResource): Promise<boolean> {
  const [ageA, ageB] = [await claimTime(context, a), await claimTime(context, b)];
  return ageA === ageB ? a.metadata.uid < b.metadata.uid : ageA < ageB;
}

/** Identity before creation: an established claim is older than any new one. */
async function claimTime({ cache, cluster, shard }: Context, practice: PracticeResource): Promise<string> {
  const { namespace, name } = practice.metadata;
  const ref = { namespace, name: namesOf(name).identity };
  // Of a practice that another operator looks after, nothing is in memory but itself.
  const isKnown = shard.has(practice);
  const identity = isKnown ? cache.get(RESOURCES.ConfigMap, ref) : await cluster.get(RESOURCES.ConfigMap, ref);
  return identity ? `0 ${identity.metadata.creationTimestamp}` : `1 ${practice.metadata.creationTimestamp}`;
}
