import { X509Certificate } from "node:crypto";
import type { LiveObject } from "../../../src/manifest.ts";
import { RESOURCES } from "../../../src/runtime/resources.ts";
import { waitFor } from "../../bed/wait.ts";
import { hand } from "./node.ts";
import type { RunningPractice } from "./practice.ts";

/** The certificate of the hosts, as the practice's Secret has it now. */
export async function shown({ namespace }: RunningPractice): Promise<X509Certificate> {
  const secret = await hand.get(RESOURCES.Secret, { namespace, name: "greenriver-hosts-tls" });
  const { "tls.crt": encoded = "" } = (secret?.["data"] ?? {}) as Record<string, string>;
  return new X509Certificate(Buffer.from(encoded, "base64"));
}

/** Renews the certificate of the hosts as `cmctl renew` does; resolves with the new one once it is there. */
export async function renewed(practice: RunningPractice): Promise<X509Certificate> {
  const old = await shown(practice);
  const ref = { namespace: practice.namespace, name: "greenriver-hosts" };
  const certificate = (await hand.get(RESOURCES.Certificate, ref)) as LiveObject & {
    status: { conditions: readonly { type: string }[] };
  };
  const others = certificate.status.conditions.filter(({ type }) => type !== "Issuing");
  const asked = { type: "Issuing", status: "True", reason: "ManuallyTriggered", message: "asked for by a test" };
  await hand.patch(RESOURCES.Certificate, ref, { status: { conditions: [...others, asked] } }, "/status");
  const look = async () => {
    const now = await shown(practice);
    return now.serialNumber === old.serialNumber ? undefined : now;
  };
  return waitFor(look, { timeout: 120_000, what: "a new certificate" });
}
