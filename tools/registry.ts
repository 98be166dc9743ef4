/** An image reference, taken apart as the distribution specification does. */
export interface Image {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
  readonly digest?: string;
}

/** @throws Error when the reference names no registry, because guessing one would ask the wrong party. */
export function parseImage(reference: string): Image {
  const [name = "", digest] = reference.split("@");
  const match = /^([^/]+[.:][^/]*|localhost)\/(.+?)(?::([^:/]+))?$/.exec(name);
  if (!match) throw new Error(`${reference} names no registry.`);
  const [, registry = "", repository = "", tag = "latest"] = match;
  // The best-known registry answers at another name than its images carry.
  return {
    registry: registry === "docker.io" ? "registry-1.docker.io" : registry,
    repository,
    tag,
    ...(digest && { digest }),
  };
}

const INDEXES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/**
 * The digest that a tag points to now, of the index over all architectures where there is one.
 * @throws Error in one sentence when the registry does not answer within 10 s or refuses.
 */
export async function digestOf(reference: string, scheme = "https"): Promise<string> {
  const { registry, repository, tag } = parseImage(reference);
  const url = `${scheme}://${registry}/v2/${repository}/manifests/${tag}`;
  const ask = (authorization?: string) =>
    fetch(url, {
      method: "HEAD",
      headers: { accept: INDEXES, ...(authorization && { authorization }) },
      signal: AbortSignal.timeout(10_000),
    });
  const first = await ask();
  const answer =
    first.status === 401 ? await ask(`Bearer ${await tokenFor(first.headers.get("www-authenticate"))}`) : first;
  const digest = answer.headers.get("docker-content-digest");
  if (answer.ok && digest) return digest;
  throw new Error(`the registry answered ${answer.status}${answer.ok ? " without a digest" : ""}`);
}

/** An anonymous token, from where the registry's challenge says (distribution specification, token authentication). */
async function tokenFor(challenge: string | null): Promise<string> {
  const fields = Object.fromEntries(
    [...(challenge ?? "").matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]),
  );
  const { realm, service, scope } = fields as { realm?: string; service?: string; scope?: string };
  if (!realm) throw new Error("the registry asks for a sign-in that is not a token");
  const query = new URLSearchParams({ ...(service && { service }), ...(scope && { scope }) });
  const answer = await fetch(`${realm}?${query.toString()}`, { signal: AbortSignal.timeout(10_000) });
  const { token, access_token } = (await answer.json()) as { token?: string; access_token?: string };
  const found = token ?? access_token;
  if (!found) throw new Error("the registry gave no token");
  return found;
}
