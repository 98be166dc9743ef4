import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import OpenIdProvider, { type Configuration } from "oidc-provider";
import { createAuthority } from "../../bed/pki.ts";

/** A real OpenID provider over TLS; whoever comes is signed in as `signsIn` says. */
export type StaffProvider = Awaited<ReturnType<typeof startProvider>>;

const CLIENT = { id: "messaging", secret: "a-client-secret" };
/** Where Synapse and the entry page expect people back. */
const BACK = [
  "https://matrix.greenriver.example/_synapse/client/oidc/callback",
  "https://go.greenriver.example/staff/oidc/done",
];

interface Person {
  readonly name?: string;
  readonly groups?: readonly string[];
  /** Told in the ID token alone, as some providers do. */
  readonly quiet?: true;
}

/** Its people by their `sub`; the test may change them. */
export async function startProvider(people: Record<string, Person>) {
  const authority = await createAuthority();
  const { cert, key } = await authority.issue({ user: "provider", addresses: ["127.0.0.1"], dnsNames: ["localhost"] });
  let handle: (request: IncomingMessage, response: ServerResponse) => void = () => undefined;
  const server = createServer({ cert, key }, (request, response) => handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const state = { signsIn: Object.keys(people)[0] ?? "" };
  const provider = new OpenIdProvider(issuer, configuration(people));
  const pass = provider.callback();
  handle = (request, response) => {
    const asksWho = request.url?.startsWith("/interaction/");
    const result = { login: { accountId: state.signsIn } };
    void (asksWho ? provider.interactionFinished(request, response, result) : pass(request, response));
  };
  return {
    issuer,
    clientId: CLIENT.id,
    clientSecret: CLIENT.secret,
    ca: authority.cert,
    people,
    signIn: (sub: string) => (state.signsIn = sub),
    stop: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function configuration(people: Readonly<Record<string, Person>>): Configuration {
  return {
    clients: [{ client_id: CLIENT.id, client_secret: CLIENT.secret, redirect_uris: BACK }],
    // Synapse reads the ID token.
    conformIdTokenClaims: false,
    claims: { openid: ["sub", "groups"], profile: ["name"] },
    cookies: { keys: ["k"] },
    ttl: { Interaction: 60, Grant: 60, Session: 60, AccessToken: 3600, IdToken: 60 },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    findAccount: (_, sub) =>
      people[sub] ? { accountId: sub, claims: (use: string) => told(sub, people[sub], use) } : undefined,
    async loadExistingGrant({ oidc }) {
      const grant = new oidc.provider.Grant({ clientId: CLIENT.id, accountId: oidc.session?.accountId ?? "" });
      grant.addOIDCScope("openid profile");
      await grant.save();
      return grant;
    },
  };
}

/** What is told about somebody in an ID token, or at the userinfo address. */
function told(sub: string, person: Person | undefined, use: string) {
  const { quiet, ...claims } = person ?? {};
  return quiet && use === "userinfo" ? { sub } : { sub, ...claims };
}
