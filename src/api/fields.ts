import { z } from "zod";
import { ruled } from "./rules.ts";

/** Building blocks of the API's fields. Every pattern is RE2, every text and list is bounded: CEL's cost needs that. */

export type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

/** Refuses unknown fields, as the API server does under strict validation. */
export const fields = z.strictObject;

const HOST_NAME = /^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** 200 leaves room for `internal-muc.` before it and for a Matrix user name with it, 255 in all. */
export const hostName = () =>
  z.string().max(200).regex(HOST_NAME, { message: "must be a host name in lower case, such as greenriver.example" });

/** The name of another Kubernetes object (RFC 1123 subdomain). */
export const objectName = () =>
  z
    .string()
    .min(1)
    .max(253)
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, {
      message: "must be the name of a Kubernetes object: lower case, digits, '-' and '.'",
    });

/** The name of a namespace, or of a listener of a Gateway (RFC 1123 label). */
export const labelName = () =>
  z
    .string()
    .max(63)
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, { message: "must be lower case, digits and '-', at most 63 characters" });

export const reference = (description: string) =>
  fields({ name: objectName().describe("Its name, in this namespace.") }).describe(description);

export const port = () => z.int().min(1).max(65535);

/** A port of media: the one after it is used as well. */
export const mediaPort = () => z.int().min(1).max(65534);

/** Whole binary units only, so that two sizes compare the same way everywhere. */
export const storage = () =>
  z
    .string()
    .max(8)
    .regex(/^[1-9][0-9]{0,4}(Mi|Gi|Ti)$/, { message: "must be a size such as 10Gi (whole Mi, Gi or Ti)" });

export const httpsUrl = () =>
  z
    .string()
    .max(500)
    .regex(/^https:\/\/[A-Za-z0-9.-]+(:[0-9]{1,5})?(\/[!-~]*)?$/, { message: "must be an https:// address" });

export const email = () =>
  z
    .string()
    .max(254)
    .regex(/^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/, { message: "must be an e-mail address" });

/** A label's key, with or without a prefix; also an annotation's. */
const qualifiedKey = () =>
  z
    .string()
    .min(1)
    .max(317)
    .regex(/^([a-z0-9.-]{1,253}\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/, {
      message: "must be a key such as example.com/name",
    });

export const labels = (max: number) =>
  bounded(
    z.record(
      z.string(),
      z
        .string()
        .max(63)
        .regex(/^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/, { message: "must be a label's value" }),
    ),
    max,
  );

export const annotations = () => bounded(z.record(z.string(), z.string().max(2000)), 32);

export const labelKey = qualifiedKey;

/** An address of either family. Zones and IPv4-mapped IPv6 are no addresses to a client. */
export const ipAddress = () =>
  ruled(z.string().max(45), [
    { cel: "isIP(self)", holds: isIp, message: "must be an IPv4 or IPv6 address, such as 203.0.113.7" },
  ]);

export const hostOrAddress = () =>
  ruled(z.string().max(200), [
    {
      cel: `isIP(self) || self.matches('${HOST_NAME.source.replaceAll("\\", "\\\\")}')`,
      holds: (self) => isIp(self) || HOST_NAME.test(self),
      message: "must be a host name in lower case or an address",
    },
  ]);

export const cidr = () =>
  ruled(z.string().max(49), [
    { cel: "isCIDR(self)", holds: isCidr, message: "must be a range of addresses, such as 203.0.113.0/24" },
  ]);

function isIp(text: string): boolean {
  if (/^::ffff:[0-9.]+$/i.test(text)) return false;
  return z.ipv4().safeParse(text).success || z.ipv6().safeParse(text).success;
}

function isCidr(text: string): boolean {
  return z.cidrv4().safeParse(text).success || z.cidrv6().safeParse(text).success;
}

/** JSON Schema's `maxProperties`, which zod's records do not know. */
function bounded<S extends z.ZodRecord>(record: S, max: number): S {
  return ruled(record.meta({ maxProperties: max }), [
    {
      cel: `self.size() <= ${max}`,
      holds: (self) => Object.keys(self).length <= max,
      message: `may have at most ${max} entries`,
    },
  ]);
}
