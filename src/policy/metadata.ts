import { isPrivate } from "../practice/addresses.ts";
import { meetingPages } from "./e2ee.ts";
import { readProsody, strings } from "./lua.ts";
import { namesNobody } from "./java-logging.ts";
import { type Directive, directives, readNginx } from "./nginx.ts";
import { type Check, type PolicyInput, violation, type Violation } from "./policy.ts";
import { type Program, type Running, running } from "./programs.ts";
import { isObject, keysOf, readAssignment, readHocon, readJson, unmet } from "./settings.ts";

/** Violations of one program's configuration: `test` gives whole sentences. */
function judge({ objects }: PolicyInput, program: Program, test: (found: Running) => readonly string[]): Violation[] {
  return running(objects, program).flatMap((found) =>
    test(found).map((message) => violation(found.pod.workload, message)),
  );
}

const OFF = { enabled: false };

/** Whether clients are to reach the bridge at a private address: it would not be told to them otherwise. */
function isReachedPrivately(settings: unknown): boolean {
  return keysOf(settings).some(({ key, value }) => key === "public-address" && isPrivate(String(value)));
}

export const noStun: Check = {
  name: "no-stun",
  promise: "metadata",
  because:
    "Without a word about STUN the client asks a foreign server, and a direct connection shows each side the other's " +
    "address. Media goes through the practice's own bridge, which asks nobody who it is.",
  violations: (input) => [
    ...meetingPages(input).flatMap(({ nginx, file }) =>
      unmet(readAssignment(file("/config.js"), "config"), { p2p: { enabled: false, stunServers: [] } }).map((path) =>
        violation(nginx.pod.workload, `config.js does not keep the client from asking others: ${path}.`),
      ),
    ),
    ...judge(input, "jvb", ({ configuration }) =>
      unmet(configuration(readHocon), {
        ice4j: { harvest: { mapping: { stun: { addresses: [] }, aws: OFF } } },
        videobridge: {
          ice: {
            "advertise-private-candidates": isReachedPrivately(configuration(readHocon)),
            "resolve-remote-candidates": false,
          },
        },
      }).map((path) => `jvb.conf does not keep the bridge from asking others or showing its own address: ${path}.`),
    ),
  ],
};

export const pageContactsNobody: Check = {
  name: "page-contacts-nobody",
  promise: "metadata",
  because:
    "Avatars, analytics, calendars and promotion are fetched from others by default, with the room in the referrer.",
  violations: (input) =>
    meetingPages(input).flatMap(({ nginx, file }) =>
      [
        ...unmet(readAssignment(file("/config.js"), "config"), {
          disableThirdPartyRequests: true,
          analytics: { disabled: true, rtcstatsEnabled: false, watchRTCEnabled: false, scriptURLs: undefined },
          logging: { disableLogCollector: true },
          gravatar: { disabled: true },
          giphy: OFF,
          enableCalendarIntegration: false,
          doNotStoreRoom: true,
          deeplinking: { disabled: true },
          dynamicBrandingUrl: "",
          brandingDataUrl: undefined,
          tokenAuthUrl: undefined,
          statisticsId: "participant",
        }).map((path) => `config.js lets the page contact others or remember: ${path}.`),
        ...unmet(readAssignment(file("/interface_config.js"), "interfaceConfig"), {
          RECENT_LIST_ENABLED: false,
          SHOW_PROMOTIONAL_CLOSE_PAGE: false,
          MOBILE_APP_PROMO: false,
        }).map((path) => `interface_config.js lets the page contact others or remember: ${path}.`),
      ].map((message) => violation(nginx.pod.workload, message)),
    ),
};

export const homeserverKeepsToItself: Check = {
  name: "homeserver-keeps-to-itself",
  promise: "metadata",
  because:
    "Left to its defaults a homeserver federates with every other, asks matrix.org for keys and sends message content " +
    "to push gateways.",
  violations: (input) =>
    judge(input, "synapse", ({ configuration }) =>
      unmet(configuration(readJson), {
        federation_domain_whitelist: [],
        trusted_key_servers: [],
        report_stats: false,
        url_preview_enabled: false,
        enable_3pid_lookup: false,
        enable_registration: false,
        allow_guest_access: false,
        push: { include_content: false },
        presence: OFF,
      }).map((path) => `homeserver.yaml does not keep the homeserver to itself: ${path}.`),
    ),
};

export const noAccessLog: Check = {
  name: "no-access-log",
  promise: "metadata",
  because: "An access log is a list of who met whom and when, by address. nginx also names both in its error log.",
  violations: (input) =>
    judge(input, "nginx", ({ configuration }) => {
      const tree = configuration(readNginx) ?? [];
      const found = tree.filter(({ name }) => name === "http").flatMap((http) => logsOf(http));
      return found.map((what) => `nginx has ${what}, so requests may be logged.`);
    }),
};

function logsOf({ block = [] }: Directive): string[] {
  const inside = directives(block);
  const off = block.some(({ name, args }) => name === "access_log" && args.join(" ") === "off");
  const on = inside.some(({ name, args }) => name === "access_log" && args.join(" ") !== "off");
  const silent = block.some(({ name, args }) => name === "error_log" && args.join(" ") === "stderr emerg");
  const loud = inside.some(({ name, args }) => name === "error_log" && args.at(-1) !== "emerg");
  const noisy = inside.some(({ name }) => name === "log_subrequest" || name === "rewrite_log");
  return [...(!off || on || noisy ? ["an access log"] : []), ...(!silent || loud ? ["an error log that speaks"] : [])];
}

/** Headers and variables that tell who a client is. */
const CLIENT_HEADERS =
  /^(x-forwarded-for|x-real-ip|forwarded|via|user-agent|referer|true-client-ip|cf-connecting-ip)$/i;
const CLIENT_VARIABLES =
  /\$\{?(remote_addr|binary_remote_addr|remote_port|realip_\w+|proxy_add_x_forwarded_for|proxy_protocol_addr|http_(x_forwarded_for|x_real_ip|forwarded|user_agent|referer))\b/;

export const clientAddressDropped: Check = {
  name: "client-address-dropped",
  promise: "metadata",
  because: "What a program never hears it cannot store: behind the front no address and no browser's name is known.",
  violations: (input) => [
    ...judge(input, "nginx", ({ configuration }) => {
      const http = (configuration(readNginx) ?? []).filter(({ name }) => name === "http");
      const inside = http.flatMap(({ block = [] }) => directives(block));
      const passes = inside.filter(({ name }) => name === "proxy_pass").length > 0;
      const drops = http.every(({ block = [] }) =>
        block.some(({ name, args }) => name === "proxy_pass_request_headers" && args[0] === "off"),
      );
      const again = inside.some(({ name, args }) => name === "proxy_pass_request_headers" && args[0] !== "off");
      const told = inside.some(
        ({ name, args }) =>
          (name === "proxy_set_header" && CLIENT_HEADERS.test(args[0] ?? "")) ||
          args.some((argument) => CLIENT_VARIABLES.test(argument)),
      );
      return (passes && !drops) || again || told ? ["nginx tells the pods behind it who a client is."] : [];
    }),
    ...judge(input, "synapse", ({ configuration }) =>
      keysOf(configuration(readJson))
        .filter(({ key, value }) => key === "x_forwarded" && value !== false)
        .map(({ path }) => `homeserver.yaml asks for the client's address: ${path}.`),
    ),
  ],
};

/** The level of each logger, as written. */
const QUIET = /^(WARN|WARNING|ERROR|CRITICAL|SEVERE|OFF)$/i;

const REDACTED = {
  videobridge: { "redact-remote-addresses": true, "redact-colibri-http-headers": true },
  ice4j: { "redact-remote-addresses": true },
};

/** Synapse's loggers: one beside the root, which speaks of its start, and everything else to the console. */
function tellsOnlyOfStarts(log: unknown): boolean {
  const { loggers, root } = (isObject(log) ? log : {}) as { loggers?: unknown; root?: { handlers?: unknown } };
  const start = JSON.stringify(loggers) === JSON.stringify({ "synapse.app._base": { handlers: ["told"] } });
  return start && JSON.stringify(root?.handlers) === JSON.stringify(["console"]);
}

/** Programs of whose last lines the pod's status may hold: checks, and a database whose log is about itself. */
const SPEAKS_OF_ITSELF = /-check$|^(?:make-database|postgres)$/;

export const statusNamesNobody: Check = {
  name: "status-names-nobody",
  promise: "metadata",
  because:
    "Kubernetes can put the last lines of a program's log into the pod's status, where more people read than in logs. " +
    "Only programs that never speak of a person have that, and Synapse says there why it could not start.",
  violations: ({ objects }) =>
    running(objects)
      .filter(({ program, container: { terminationMessagePolicy, terminationMessagePath } }) => {
        const elsewhere = terminationMessagePath !== undefined && terminationMessagePath !== "/dev/termination-log";
        return elsewhere || (terminationMessagePolicy === "FallbackToLogsOnError" && !SPEAKS_OF_ITSELF.test(program));
      })
      .map(({ pod, container: { name } }) =>
        violation(pod.workload, `What container ${name} says of people could get into its pod's status.`),
      ),
};

export const logsOnlyWarnings: Check = {
  name: "logs-only-warnings",
  promise: "metadata",
  because:
    "One level lower Prosody names rooms and participants, Synapse names people, and PostgreSQL quotes statements. " +
    "jicofo and the bridge do so in warnings too, so only those of their loggers speak that name nobody.",
  violations: (input) => [
    ...(["jicofo", "jvb"] as const).flatMap((program) =>
      judge(input, program, ({ read, logging, configuration }) => [
        ...(namesNobody(read(logging)) ? [] : [`${program} logs more than warnings that name nobody.`]),
        ...(program === "jvb" ? unmet(configuration(readHocon), REDACTED) : []).map(
          (path) => `jvb.conf does not keep addresses out of the log: ${path}.`,
        ),
      ]),
    ),
    ...judge(input, "prosody", ({ configuration }) => {
      const [global] = configuration(readProsody) ?? [];
      const words = strings(global?.options["log"]).filter((word) => !["to", "levels", "min"].includes(word));
      const quiet = words.length === 2 && words[0] === "console" && QUIET.test(words[1] ?? "");
      return quiet ? [] : ["Prosody logs more than warnings, or elsewhere than to its output."];
    }),
    ...judge(input, "synapse", ({ configuration, read }) => {
      const homeserver = configuration(readJson);
      const path = isObject(homeserver) ? homeserver["log_config"] : undefined;
      const log = readJson(read(typeof path === "string" ? path : undefined));
      const levels = keysOf(log).filter(({ key }) => key === "level");
      const root = levels.some((level) => level.path === "root.level") && tellsOnlyOfStarts(log);
      return root && levels.every(({ value }) => QUIET.test(String(value))) ? [] : ["Synapse logs more than warnings."];
    }),
    ...judge(input, "postgres", ({ read, path }) => {
      const quiet = [
        "log_statement = none",
        "log_connections = off",
        "log_min_messages = log",
        "log_min_error_statement = panic",
      ];
      const lines = new Set(
        read(path)
          ?.split("\n")
          .map((line) => line.trim()),
      );
      return quiet.every((line) => lines.has(line)) ? [] : ["PostgreSQL logs statements or connections."];
    }),
  ],
};
