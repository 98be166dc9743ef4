import type { Practice } from "../practice/practice.ts";
import { type Directive, directives, matchOf, readNginx } from "./nginx.ts";
import { type Check, violation } from "./policy.ts";
import { running } from "./programs.ts";
import { backendsOf, hostsOf } from "./routes.ts";
import { ofKind } from "./selectors.ts";

export const routesLeadToFront: Check = {
  name: "routes-lead-to-front",
  promise: "isolation",
  because: "The allow-list of paths is in the front pod. A route past it opens everything that the pod behind it has.",
  violations: ({ objects, practice }) =>
    ofKind(objects, "Ingress", "HTTPRoute").flatMap((route) =>
      backendsOf(route)
        .filter(({ name, namespace, port }) => name !== practice.names.front || namespace || port !== 8080)
        .map(() => violation(route, "It leads to something else than the front pod.")),
    ),
};

export const hostsAreOurs: Check = {
  name: "hosts-are-ours",
  promise: "isolation",
  because: "A host more is a name under which the practice is not protected, or somebody else's name.",
  violations: ({ objects, practice }) => {
    const own = new Set(Object.values(practice.hosts));
    const inside = new Set([...own].flatMap((host) => [host, `auth.${host}`, `jvb.${host}`]));
    return ofKind(objects, "Ingress", "HTTPRoute", "Gateway", "ListenerSet", "Certificate").flatMap((object) =>
      hostsOf(object)
        .filter((host) => !(object.kind === "Certificate" ? inside : own).has(host))
        .map((host) => violation(object, `${host || "Any host"} is not one of the practice's four hosts.`)),
    );
  },
};

/** Annotations by which a controller is configured, as `nginx.ingress.kubernetes.io/server-snippet`. */
const CONTROLLERS =
  /(^|\.)(ingress\.kubernetes\.io|haproxy-ingress\.github\.io|nginx\.(org|com)|haproxy\.(org|com)|traefik\.io|konghq\.com|projectcontour\.io|getambassador\.io|gateway\.envoyproxy\.io)\//;
/** What Google's controller writes onto an Ingress about what it made. */
const WRITTEN_BACK =
  /^ingress\.kubernetes\.io\/(backends|(https-)?forwarding-rule|(https-)?target-proxy|url-map|ssl-cert|static-ip)$/;

export const noAnnotationSlipsIn: Check = {
  name: "no-annotation-slips-in",
  promise: "isolation",
  because:
    "On common controllers an annotation injects script into pages, copies all traffic or writes access logs. Only " +
    "those that the manifest states, from a list of harmless ones, are on what the edge reads.",
  violations: ({ objects, practice: { exposure } }) => {
    const stated = exposure.kind === "ingress" ? exposure.annotations : {};
    return ofKind(objects, "Ingress", "HTTPRoute", "Gateway").flatMap((object) =>
      Object.keys(object.metadata.annotations ?? {})
        .filter((key) => CONTROLLERS.test(key) && !WRITTEN_BACK.test(key) && !(key in stated))
        .map((key) => violation(object, `The annotation ${key} is not one that the practice states.`)),
    );
  },
};

/** What passes from the internet to a pod behind the front: host, location, upstream. */
function openPaths({ hosts }: Practice): readonly string[] {
  return [
    [hosts.meet, "= /http-bind", "http://signalling"],
    [hosts.meet, "= /xmpp-websocket", "http://signalling"],
    [hosts.meet, "= /practice/exchange", "http://entry/exchange/element"],
    [hosts.matrix, "~ ^/_matrix/client/.+/profile/", "http://synapse"],
    [hosts.matrix, "~ ^/_matrix/client/(v3|r0)/login/sso/redirect(/oidc-staff)?$", "http://synapse"],
    [hosts.matrix, "/_matrix/client/", "http://synapse"],
    [hosts.matrix, "/_matrix/media/", "http://synapse"],
    [hosts.matrix, "/_synapse/client/", "http://synapse"],
    [hosts.matrix, "= /.well-known/matrix/client", "http://synapse"],
    [hosts.chat, "/", "http://element"],
    [hosts.entry, "/", "http://entry"],
  ].map((path) => path.join(" "));
}

export const pathsAsListed: Check = {
  name: "paths-as-listed",
  promise: "isolation",
  because:
    "Behind the front are surfaces without a login of their own: Synapse's admin API, the modules of Prosody. The few " +
    "paths that a client needs are listed here a second time; every other one gets 404.",
  violations: ({ objects, practice }) =>
    running(objects, "nginx").flatMap(({ pod, configuration }) => {
      const open = openPaths(practice);
      const servers = directives(configuration(readNginx) ?? [], "server").filter(({ block }) => block);
      return servers.flatMap((server) => {
        const [host = ""] = server.block?.find(({ name }) => name === "server_name")?.args ?? [];
        const found = proxied(server)
          .filter(({ at, to }) => !open.includes(`${host} ${at} ${to}`))
          .map(({ at }) => violation(pod.workload, `nginx passes ${host} ${at} on, which is not on the list.`));
        const closes = isLoopback(server) || open.some((line) => line.startsWith(`${host} / `)) || refusesRest(server);
        return closes
          ? found
          : [...found, violation(pod.workload, `nginx does not refuse every other path of ${host}.`)];
      });
    }),
};

function proxied(block: Directive, at = "the whole server"): { at: string; to: string }[] {
  return (block.block ?? []).flatMap((directive) => {
    if (directive.name === "proxy_pass") return [{ at, to: directive.args.join(" ") }];
    return proxied(directive, directive.name === "location" ? matchOf(directive) : at);
  });
}

function refusesRest({ block = [] }: Directive): boolean {
  const rest = block.find((directive) => directive.name === "location" && matchOf(directive) === "/");
  return rest?.block?.length === 1 && rest.block[0]?.name === "return" && rest.block[0].args.join() === "404";
}

function isLoopback({ block = [] }: Directive): boolean {
  return block.filter(({ name }) => name === "listen").every(({ args }) => args[0]?.startsWith("127.0.0.1:"));
}

/** Directives that copy, change or answer requests in ways that the list of paths does not see. */
const SIDE_DOORS =
  /^(mirror|auth_request|sub_filter|load_module|autoindex|js_|perl|lua_|.*_by_lua|dav_|add(ition|_before|_after)_)|(?<!^proxy)_pass$/;

export const noSideDoorInNginx: Check = {
  name: "no-side-door-in-nginx",
  promise: "isolation",
  because:
    "nginx can also copy requests elsewhere, rewrite pages, answer with other files and run scripts; nothing of a " +
    "practice needs that.",
  violations: ({ objects, practice }) =>
    running(objects, "nginx").flatMap(({ pod, configuration }) =>
      directives(configuration(readNginx) ?? [])
        .filter((directive) => isSideDoor(practice, directive))
        .map(({ name }) => violation(pod.workload, `nginx has ${name}, which a practice does not use in that way.`)),
    ),
};

/** What nginx answers itself: files of the image, the few of the practice, how calls are entered, that it is ready. */
const ANSWERS = new Set([
  "root /usr/share/jitsi-meet",
  "root /app",
  "alias /etc/jitsi/web/config.js",
  "alias /etc/jitsi/web/interface_config.js",
  "alias /etc/jitsi/web/head.html",
  "alias /etc/element/config.json",
  "rewrite ^ /index.html last",
  "rewrite ^ /_synapse/client/practice/sign-in break",
  "error_page 404 /static/404.html",
  "return 404",
  "return 200 ready\\n",
  'return 200 {"auth":"openidtoken-jwt"}',
  "return 302 /",
]);

function isSideDoor({ names, hosts }: Practice, { name, args, block }: Directive): boolean {
  const isToHttps = (host: string) => `301 https://${host}$request_uri` === args.join(" ");
  if (name === "return" && Object.values(hosts).some(isToHttps)) return false;
  if (/^(root|alias|rewrite|error_page|return)$/.test(name)) return !ANSWERS.has([name, ...args].join(" "));
  if (name === "include") return args[0] !== "/etc/nginx/mime.types";
  if (name !== "upstream") return SIDE_DOORS.test(name);
  const own = {
    signalling: `${names.signalling}:5280`,
    synapse: `${names.synapse}:8008`,
    entry: `${names.entry}:8080`,
    element: "127.0.0.1:8081",
  };
  const servers = block?.filter((inside) => inside.name === "server") ?? [];
  return servers.some((server) => server.args[0] !== (own as Record<string, string>)[args[0] ?? ""]);
}
