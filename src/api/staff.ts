import { z } from "zod";
import { fields, httpsUrl, objectName } from "./fields.ts";
import { peerSchema } from "./peer.ts";
import { ruled } from "./rules.ts";

/** Visible characters: in a claim's name, its value, or an id at the provider. */
const word = () =>
  z
    .string()
    .min(1)
    .max(200)
    .regex(/^[!-~]([ -~]*[!-~])?$/, { message: "must be visible ASCII characters, without a space at either end" });

const issuer = () =>
  ruled(httpsUrl(), [
    {
      cel: "!self.contains('?') && !self.contains('#')",
      holds: (self) => !/[?#]/.test(self),
      message: "is an address without a query or a fragment, as the provider's discovery document spells it",
    },
  ]);

const oidc = fields({
  issuer: issuer().describe("The provider's issuer, exactly as its discovery document spells it."),
  clientId: word().describe("The id of the practice's client there. The docs list its two redirect addresses."),
  clientSecretRef: fields({
    name: objectName().describe("Its name, in this namespace."),
    key: z
      .string()
      .max(253)
      .regex(/^[-._a-zA-Z0-9]+$/, { message: "must be a key of a Secret" })
      .describe("Which of its keys holds the client's secret."),
  }).describe("A Secret with the secret of that client."),
  requiredClaim: fields({
    name: word().describe("A claim of the ID token, such as `groups`."),
    value: word().describe("What it is for staff, by itself or in a list."),
  }).describe("Whoever has it is staff, at each sign-in; nobody else gets in through the provider."),
  to: peerSchema.describe("Where the provider is, because default deny needs to know it."),
});

export const staffSchema = fields({
  oidc: oidc.describe("OpenID Connect. Staff then signs in there only; patients have passwords all the same."),
});
