import { type Context, Hono } from "hono";
import { csrf } from "hono/csrf";
import { secureHeaders } from "hono/secure-headers";
import { assetRoutes } from "./assets.ts";
import { Away } from "./away.ts";
import { kitRoutes } from "./kit/routes.ts";
import { beforePage } from "./pages/before.ts";
import { endedPage } from "./pages/ended.ts";
import { homePage } from "./pages/home.ts";
import { lostPage, refusalPage } from "./pages/refusal.ts";
import type { Site } from "./pages/views.ts";
import type { Carried, Parts } from "./parts.ts";
import { elementRoutes } from "./routes/element.ts";
import { patientRoutes } from "./routes/patient.ts";
import { providerRoutes } from "./routes/provider.ts";
import { staffRoutes } from "./routes/staff.ts";
import { siteOf } from "./site.ts";

const LARGEST_BODY = 16 * 1024;

/**
 * The entry page as a whole. A request may have any Host header: addresses are made from the options alone. A GET
 * changes nothing. @param failed is told of an answer that had to be given up, without anything about the request.
 */
export function entryApp(parts: Parts, failed: (error: Error) => void): Hono<Carried> {
  const { options, now } = parts;
  const app = new Hono<Carried>();

  app.get("/-/ready", (context) => context.text("ready\n"));
  app.use(headers(options.hosts.meet));
  app.route("/assets", assetRoutes());
  app.use(async (context, next) => {
    if (context.req.method !== "POST") return next();
    // The parser takes no more than was announced, so a look at the header is enough.
    const length = Number(context.req.header("Content-Length") ?? Number.NaN);
    if (Number.isNaN(length)) return context.body(null, 411);
    return length > LARGEST_BODY ? context.body(null, 413) : next();
  });
  app.use(async (context, next) => {
    context.header("Cache-Control", "no-store");
    const form = await formOf(context);
    context.set("form", form);
    const wanted = form["lang"] ?? context.req.query("lang");
    context.set("site", siteOf(options, now, wanted, context.req.header("Accept-Language")));
    await next();
  });
  app.route("/exchange", elementRoutes(parts));
  // Browsers leave out the origin of a form where the page sends no referrer, and then say what kind of site it is from.
  app.use(csrf({ origin: `https://${options.hosts.entry}`, secFetchSite: "same-origin" }));
  app.get("/", (context) => context.html(homePage(context.get("site"))));
  app.get("/ended", (context) => context.html(endedPage(context.get("site"))));
  app.get("/before", (context) => context.html(beforePage(context.get("site"))));
  app.route(
    "/kit",
    kitRoutes((context) => context.get("site") as Site),
  );
  app.route("/", patientRoutes(parts));
  app.route("/staff", providerRoutes(parts));
  app.route("/staff", staffRoutes(parts));
  app.notFound((context) => context.html(lostPage(context.get("site")), 404));
  app.onError((error, context) => {
    if ("getResponse" in error) return error.getResponse();
    failed(error);
    const site = context.get("site") ?? siteOf(options, now, undefined, undefined);
    return context.html(refusalPage(site, "away"), error instanceof Away ? 503 : 500);
  });
  return app;
}

/** `form-action` names the meeting host because browsers check where a form is redirected to. */
function headers(meet: string) {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: [NONE],
      scriptSrc: [SELF],
      styleSrc: [SELF],
      imgSrc: [SELF, "data:"],
      mediaSrc: ["blob:", "mediastream:"],
      connectSrc: [SELF],
      formAction: [SELF, `https://${meet}`],
      baseUri: [NONE],
      frameAncestors: [NONE],
    },
    crossOriginOpenerPolicy: "same-origin",
    crossOriginResourcePolicy: "same-origin",
    referrerPolicy: "no-referrer",
    strictTransportSecurity: "max-age=63072000",
    xFrameOptions: "DENY",
  });
}

const NONE = "'none'";
const SELF = "'self'";

/** The fields of a form; files and repeated names are left out. */
async function formOf(context: Context): Promise<Record<string, string>> {
  const type = context.req.header("Content-Type") ?? "";
  if (context.req.method !== "POST" || !type.startsWith("application/x-www-form-urlencoded")) return {};
  return Object.fromEntries(new URLSearchParams(await context.req.text()));
}
