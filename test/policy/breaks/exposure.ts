import { type Break, edit, editFile, replaced } from "../../support/broken.ts";

const GATEWAY = { spec: { exposure: { gateway: { className: "eg" } } } };

export const EXPOSURE_BREAKS: readonly Break[] = [
  edit("routes-lead-to-front", "an Ingress straight to Synapse", "Ingress/matrix", (ingress) => {
    ingress.spec.rules[0].http.paths[0].backend.service = { name: "greenriver-synapse", port: { number: 8008 } };
  }),
  edit("routes-lead-to-front", "a mirror of all requests", "HTTPRoute/meet", mirror, GATEWAY),
  edit("hosts-are-ours", "a host more", "Ingress/meet", (ingress) => {
    ingress.spec.rules.push({ ...ingress.spec.rules[0], host: "other.example" });
  }),
  edit("hosts-are-ours", "any host", "HTTPRoute/meet", (route) => delete route.spec.hostnames, GATEWAY),
  edit("hosts-are-ours", "a certificate for somebody else", "Certificate/hosts", (certificate) => {
    certificate.spec.dnsNames.push("bank.example");
  }),
  edit("no-annotation-slips-in", "script injection", "Ingress/meet", (ingress) => {
    ingress.metadata.annotations = { "nginx.ingress.kubernetes.io/configuration-snippet": "x" };
  }),
  editFile(
    "paths-as-listed",
    "Synapse's admin API",
    "front-nginx/nginx.conf",
    replaced("location /_synapse/client/", "location /_synapse/"),
  ),
  editFile(
    "paths-as-listed",
    "a path of Prosody more",
    "front-nginx/nginx.conf",
    replaced(/location = \/robots\.txt \{[^}]*\}/, "location = /ready { proxy_pass http://signalling; }"),
  ),
  editFile(
    "paths-as-listed",
    "a server without an end",
    "front-nginx/nginx.conf",
    replaced(/server_name _;([^]*?)location \/ \{ return 404; \}/, "server_name _;$1"),
  ),
  editFile(
    "no-side-door-in-nginx",
    "a copy of every request",
    "front-nginx/nginx.conf",
    replaced("location = /http-bind {", "location = /http-bind { mirror /copy;"),
  ),
  editFile(
    "no-side-door-in-nginx",
    "another server behind a known name",
    "front-nginx/nginx.conf",
    replaced("server greenriver-synapse:8008", "server greenriver-synapse:8009"),
  ),
  editFile(
    "no-side-door-in-nginx",
    "another application in place of the image's",
    "front-nginx/nginx.conf",
    replaced(
      "location = /robots.txt {",
      "location = /libs/app.bundle.min.js { alias /etc/jitsi/web/app.js; } location = /robots.txt {",
    ),
  ),
  editFile(
    "no-side-door-in-nginx",
    "a script within nginx.conf",
    "front-nginx/nginx.conf",
    replaced("location = /robots.txt {", 'location = /libs/app.js { return 200 "alert(1)"; } location = /robots.txt {'),
  ),
  editFile(
    "no-side-door-in-nginx",
    "a redirect to plain HTTP",
    "front-nginx/nginx.conf",
    replaced(
      "return 301 https://meet.greenriver.example$request_uri",
      "return 301 http://meet.greenriver.example$request_uri",
    ),
  ),
  editFile(
    "no-side-door-in-nginx",
    "a file nobody sees",
    "front-nginx/nginx.conf",
    replaced("include /etc/nginx/mime.types;", "include /etc/nginx/mime.types; include /config/*.conf;"),
  ),
];

function mirror(route: { spec: { rules: { filters?: object[] }[] } }): void {
  const backendRef = { name: "recorder", port: 80 };
  for (const rule of route.spec.rules) rule.filters = [{ type: "RequestMirror", requestMirror: { backendRef } }];
}
