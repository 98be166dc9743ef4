import { ANNOTATION } from "../api/group.ts";
import { ADMINISTRATION_PORT } from "../components/matrix/homeserver.ts";
import { namesOf } from "../practice/names.ts";
import { ApiError } from "../runtime/errors.ts";
import { portForward } from "../runtime/port-forward.ts";
import { RESOURCES } from "../runtime/resources.ts";
import type { Connected } from "./connect.ts";
import type { SynapsePod } from "./user-administration.ts";

const MANAGER = "telehealth-user";

/**
 * The pod of a practice's homeserver. Needs the rights to get and patch it, and to get and create its port-forward.
 * @throws Error with the next step when it is not running.
 */
export async function synapsePod(
  { cluster, transport, connection }: Pick<Connected, "cluster" | "transport" | "connection">,
  { namespace, name: practice }: { readonly namespace: string; readonly name: string },
): Promise<SynapsePod> {
  // A StatefulSet names its only pod.
  const ref = { namespace, name: `${namesOf(practice).synapse}-0` };
  const get = () => cluster.get(RESOURCES.Pod, ref);
  const mark = (metadata: object) => cluster.mergePatch(RESOURCES.Pod, ref, { metadata }, MANAGER);

  const status = (await get())?.["status"] as { conditions?: { type: string; status: string }[] } | undefined;
  if (!status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True")) {
    throw new Error(`Messaging is not running there. \`telehealth status ${practice} -n ${namespace}\` says why.`);
  }

  return {
    connect: () => portForward({ connection, transport }, ref, ADMINISTRATION_PORT),
    writeProof: async (proof) => void (await mark({ annotations: { [ANNOTATION.proof]: proof } })),
    async eraseProof(proof) {
      for (;;) {
        const { annotations, resourceVersion } = (await get())?.metadata ?? {};
        if (annotations?.[ANNOTATION.proof] !== proof) return;
        try {
          await mark({ resourceVersion, annotations: { [ANNOTATION.proof]: null } });
        } catch (error) {
          // Somebody wrote on the pod meanwhile, or it is gone: look again.
          if (!(error instanceof ApiError && (error.status === 409 || error.status === 404))) throw error;
        }
      }
    },
  };
}
