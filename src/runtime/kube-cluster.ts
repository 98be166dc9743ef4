import type { LiveObject, Manifest } from "../manifest.ts";
import type { Cluster, Ref } from "./cluster.ts";
import { served } from "./discovery.ts";
import { ApiError } from "./errors.ts";
import { apiVersionOf, pathOf, type Resource } from "./resources.ts";
import type { ApiRequest, Transport } from "./transport.ts";

/** Large enough to be few, small enough not to block the event loop (measured: 16 ms for pods). */
export const PAGE = 500;

export interface ClusterOptions {
  /** Called before each attempt of a write; what it throws ends the write: "are we still the leader?" */
  readonly beforeWrite?: () => void;
  readonly signal?: AbortSignal;
}

interface List {
  readonly metadata: { readonly continue?: string };
  /** An empty list of metadata comes as null. */
  readonly items: readonly LiveObject[] | null;
}

/** The API server behind a transport. Cheap to make: it holds no state. */
export function createCluster(transport: Transport, options: ClusterOptions = {}): Cluster {
  const { beforeWrite, signal } = options;

  async function read<T>(path: string, query: Record<string, string> = {}): Promise<T> {
    const body = await transport.request({
      method: "GET",
      path,
      query,
      repeatable: true,
      ...(signal ? { signal } : {}),
    });
    return JSON.parse(body) as T;
  }

  async function write(resource: Resource, request: ApiRequest): Promise<string> {
    const guard = { ...(beforeWrite ? { beforeSend: beforeWrite } : {}), ...(signal ? { signal } : {}) };
    try {
      return await transport.request({ ...request, ...guard });
    } catch (error) {
      throw resource.kind === "Secret" && error instanceof ApiError ? withoutValues(error) : error;
    }
  }

  const cluster: Cluster = {
    within: (other) =>
      createCluster(transport, { ...options, signal: signal ? AbortSignal.any([signal, other]) : other }),

    async get(resource, ref) {
      return orUndefined(read<LiveObject>(pathOf(resource, ref)));
    },

    async list(resource, { namespace, labelSelector } = {}) {
      const path = pathOf(resource, namespace === undefined ? {} : { namespace });
      const first = { limit: String(PAGE), ...(labelSelector ? { labelSelector } : {}) };
      const found: LiveObject[] = [];
      let isForgotten = false;
      for (let query: Record<string, string> = first; ;) {
        try {
          const { metadata, items } = await read<List>(path, query);
          for (const item of items ?? []) found.push(asObject(item, resource));
          if (!metadata.continue) return found;
          query = { ...first, continue: metadata.continue };
        } catch (error) {
          // Of all but the first page the server may have forgotten where it begins.
          if (query === first || isForgotten || !(error instanceof ApiError) || error.status !== 410) throw error;
          isForgotten = true;
          found.length = 0;
          query = first;
        }
      }
    },

    async create(resource, object, manager, { repeatable = false } = {}) {
      const query = { fieldManager: manager, fieldValidation: "Strict" };
      return parse(
        await write(resource, {
          method: "POST",
          path: pathOf(resource, namespaceOf(object)),
          query,
          body: JSON.stringify(object),
          repeatable,
        }),
      );
    },

    async apply(resource, object, { manager, force, dryRun, subresource }) {
      const path = pathOf(resource, { ...namespaceOf(object), name: object.metadata.name });
      const query = { fieldManager: manager, force: String(force), fieldValidation: "Strict" };
      return parse(
        await write(resource, {
          method: "PATCH",
          path: subresource ? `${path}/${subresource}` : path,
          query: dryRun ? { ...query, dryRun: "All" } : query,
          // JSON is YAML; the name says what is meant, not how it is written.
          contentType: "application/apply-patch+yaml",
          body: JSON.stringify(object),
          repeatable: true,
        }),
      );
    },

    async replace(resource, object, { manager, dryRun }) {
      const path = pathOf(resource, { ...namespaceOf(object), name: object.metadata.name });
      const query = { fieldManager: manager, ...(dryRun && { dryRun: "All" }) };
      return parse(
        await write(resource, { method: "PUT", path, query, body: JSON.stringify(object), repeatable: true }),
      );
    },

    async mergePatch(resource, ref, patch, manager) {
      return parse(
        await write(resource, {
          method: "PATCH",
          path: pathOf(resource, ref),
          query: { fieldManager: manager },
          contentType: "application/merge-patch+json",
          body: JSON.stringify(patch),
          // With a precondition the second one is refused; without it, the same values are set again.
          repeatable: true,
        }),
      );
    },

    async delete(resource, ref, { uid, resourceVersion, gracePeriodSeconds, propagation }) {
      const body = {
        preconditions: { uid, ...(resourceVersion ? { resourceVersion } : {}) },
        ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
        ...(propagation ? { propagationPolicy: propagation } : {}),
      };
      const path = pathOf(resource, ref);
      try {
        await write(resource, { method: "DELETE", path, body: JSON.stringify(body), repeatable: true });
      } catch (error) {
        if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 409)) throw error;
        // A conflict is a success only if the object there is another one.
        if (error.status === 409 && (await cluster.get(resource, ref))?.metadata.uid === uid) throw error;
      }
    },

    served: (group, version) => served(transport, group, version, signal),
  };
  return cluster;
}

/** Items of a list carry no kind, and metadata-only ones a wrong one. */
export function asObject(item: LiveObject, resource: Resource): LiveObject {
  return { ...item, apiVersion: apiVersionOf(resource), kind: resource.kind };
}

async function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

function parse(body: string): LiveObject {
  return JSON.parse(body) as LiveObject;
}

function namespaceOf(object: Manifest): Pick<Ref, "namespace"> {
  const { namespace } = object.metadata;
  return namespace === undefined ? {} : { namespace };
}

/** The server quotes refused values in its messages; those of a Secret are nobody's business. What refused it is. */
function withoutValues(error: ApiError): ApiError {
  const fields = error.causes.map(({ field }) => field).filter((field) => field !== undefined);
  const said = [...fields, ...(/ValidatingAdmissionPolicy '[a-z0-9.-]+'/.exec(error.message) ?? [])];
  const where = said.length > 0 ? ` (${said.join(", ")})` : "";
  return new ApiError(
    error.status,
    `The API server refused a Secret: ${error.reason || String(error.status)}${where}.`,
    {
      reason: error.reason,
      causes: fields.map((field) => ({ field })),
      ...(error.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: error.retryAfterSeconds }),
    },
  );
}
