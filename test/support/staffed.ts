import type { Params } from "../../src/components/component.ts";
import { someParams } from "./practice.ts";

/** A practice whose staff comes from this provider: whoever has `therapists` among their `groups`. */
export function staffedBy(provider: { readonly issuer: string; readonly clientId: string }): Params {
  const { issuer, clientId } = provider;
  return someParams({
    practice: {
      staff: {
        oidc: {
          issuer,
          clientId,
          clientSecret: { name: "login", key: "secret" },
          claim: { name: "groups", value: "therapists" },
          port: Number(new URL(issuer).port || 443),
          to: { kind: "cidrs", cidrs: ["203.0.113.9/32"] },
        },
      },
    },
  });
}
