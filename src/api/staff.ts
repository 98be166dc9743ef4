import { z } from "zod";
import { fields, objectName } from "./fields.ts";
import { peerSchema } from "./peer.ts";

/** Visible characters: in a claim's name, its value, or an id at the provider. */
const word = () =>
  z
    .string()
    .min(1)
    .max(200)
    .regex(/^[!-~]([ -~]*[!-~])?$/, { message: "must be visible ASCII characters, without a space at either end" });

/** A host name, a port that there is, and a path without query or fragment. */
const ISSUER =
  /^https:\/\/([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z]([-a-z0-9]{0,61}[a-z0-9])?(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?(\/[!"$->@-~]*)?$/;

const issuer = () =>
  z.string().max(500).regex(ISSUER, {
    message: "must be an https:// address with a host name in lower case, without a query or a fragment",
  });

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
