import { Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { pathIn } from "../pages/layout.ts";
import { signInPage } from "../pages/sign-in.ts";
import type { Carried, Parts } from "../parts.ts";
import { PROVIDER_RETURN } from "../provider.ts";
import { keepSession } from "./staff.ts";

const COOKIE = "provider";
const KIND = "provider";
const SECONDS = 600;

/** Sign-in with the practice's provider. Where it has none, these addresses lead nowhere. */
export function providerRoutes({ options, provider, sealer, staff, now }: Parts): Hono<Carried> {
  const app = new Hono<Carried>();
  if (!provider) return app;

  app.get("/oidc", async (context) => {
    const { url, remember } = await provider.begin();
    const sealed = await sealer.seal(KIND, { ...remember, lang: context.get("site").locale }, now() + SECONDS);
    const attributes = { prefix: "host", secure: true, httpOnly: true, sameSite: "Lax", path: "/" } as const;
    setCookie(context, COOKIE, sealed, { ...attributes, maxAge: SECONDS });
    return context.redirect(url, 303);
  });

  app.get("/oidc/done", async (context) => {
    const remembered = await sealer.open(KIND, getCookie(context, COOKIE, "host") ?? "");
    deleteCookie(context, COOKIE, { prefix: "host", secure: true, path: "/" });
    const { state, nonce, verifier, lang } = remembered ?? {};
    const back = new URL(`https://${options.hosts.entry}${PROVIDER_RETURN}`);
    back.search = new URL(context.req.url).search;
    const signed = state && nonce && verifier ? await provider.finish(back, { state, nonce, verifier }) : undefined;
    const site = { ...context.get("site"), ...(lang && { locale: lang }) };
    if (!signed) {
      return context.html(signInPage(site, { failed: "refused", oidc: pathIn(site, "/staff/oidc") }), 401);
    }
    keepSession(context, await staff.welcome(signed.proof, signed.lasts), now());
    return context.redirect(pathIn(site, "/staff"), 303);
  });

  return app;
}
