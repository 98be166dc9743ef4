import type { Practice } from "../../practice/practice.ts";
import { lua, luaAssignments, luaValue } from "./lua.ts";
import {
  BRIDGE_USER,
  FOCUS_USER,
  roomTokenContract,
  xmppDomains,
  XMPP_HTTP_PORT,
  XMPP_INTERNAL_PORT,
  XMPP_PORT,
} from "./xmpp.ts";

/** Where the files of the pod are mounted; the configuration refers to them. */
export const PROSODY_PATHS = {
  configuration: "/etc/jitsi/prosody",
  /** Our modules. The image declares a volume here, so something must be mounted. */
  modules: "/prosody-plugins-custom",
  secrets: "/etc/jitsi/secrets",
  /** Public keys of room tokens, `<number>.pem` each. */
  roomKeys: "/etc/jitsi/rooms",
  certificates: "/etc/jitsi/certs",
  data: "/var/lib/prosody",
} as const;

/** Path on the HTTP port that answers 200 only while the rules of rooms are in force. */
export const READY_PATH = "/ready";

/**
 * Plugins of the image that make the stock client work. No promise rests on them: where they are missing,
 * Prosody says so in one line each and our modules work all the same.
 */
export const UPSTREAM_PLUGINS = [
  "features_identity",
  "muc_meeting_id",
  "limits_exception",
  "client_proxy",
  "room_metadata_component",
  "av_moderation_component",
  "end_conference",
] as const;

const PARTICIPANT_RULES = ["practice_session", "practice_firewall", "practice_control", "practice_ready"] as const;
const ROOM_RULES = ["practice_room", "practice_lobby", "practice_deadline"] as const;

/** Our modules and the hosts on which readiness demands them; `*` is Prosody as a whole. */
function requiredModules(practice: Practice) {
  const xmpp = xmppDomains(practice);
  return {
    "*": ["practice_log"],
    [xmpp.domain]: ["auth_room_token", ...PARTICIPANT_RULES],
    [xmpp.auth]: ["auth_service_account"],
    [xmpp.bridge]: ["auth_service_account"],
    [xmpp.muc]: [...ROOM_RULES],
  };
}

/** Components of the image with which staff moderates. */
function moderation(practice: Practice) {
  const { domain } = xmppDomains(practice);
  return { avModeration: `avmoderation.${domain}`, endConference: `endconference.${domain}` };
}

/** `prosody.cfg.lua`, whole. Secrets are read from mounted files. */
export function prosodyCfg(practice: Practice): string {
  return [globals(practice), participants(practice), services(practice), rooms(practice), clientSupport(practice)].join(
    "\n",
  );
}

/** Lets the focus see the presence of the proxy component without an account database. */
export function groupsTxt(practice: Practice): string {
  const xmpp = xmppDomains(practice);
  return `[services]\n${FOCUS_USER}@${xmpp.auth}=focus\n${xmpp.focus}=proxy\n`;
}

function globals(practice: Practice): string {
  const xmpp = xmppDomains(practice);
  return luaAssignments({
    plugin_paths: [`${PROSODY_PATHS.modules}/`, "/prosody-plugins/"],
    modules_enabled: ["practice_log", "saslauth", "tls", "disco", "ping", "roster", "limits"],
    modules_disabled: ["offline", "register", "s2s", "s2s_auth_certs", "s2s_bidi"],
    admins: [`${FOCUS_USER}@${xmpp.auth}`],
    allow_registration: false,
    // Nothing is kept; the folder is only where Prosody starts.
    storage: "memory",
    data_path: PROSODY_PATHS.data,
    certificates: PROSODY_PATHS.certificates,
    // Until practice_log takes over. Information names rooms, and debugging names everything.
    log: [{ to: "console", levels: { min: "warn" } }],
    statistics: false,
    network_backend: "epoll",
    c2s_ports: [XMPP_PORT],
    c2s_direct_tls_ports: [],
    c2s_require_encryption: true,
    s2s_ports: [],
    http_ports: [XMPP_HTTP_PORT, XMPP_INTERNAL_PORT],
    // Prosody's own default for HTTP is loopback (mod_http, `private`), where no other pod and no probe would reach it.
    http_interfaces: ["*", "::"],
    practice_internal_port: XMPP_INTERNAL_PORT,
    https_ports: [],
    http_default_host: xmpp.domain,
    // TLS of participants ends in front of us.
    consider_bosh_secure: true,
    consider_websocket_secure: true,
    limits: lua(`{ c2s = { rate = "10kb/s"; burst = "10s" } }`),
    unlimited_jids: [`${FOCUS_USER}@${xmpp.auth}`, `${BRIDGE_USER}@${xmpp.bridge}`],
    // Since Prosody 13 off by default; the focus must own the rooms that it configures.
    component_admins_as_room_owners: true,
    // Several plugins of the image refuse to start without them.
    muc_mapper_domain_base: xmpp.domain,
    muc_mapper_domain_prefix: "muc",
    smacks_max_unacked_stanzas: 5,
    smacks_hibernation_time: 60,
    practice_muc: xmpp.muc,
    practice_grace_seconds: practice.video.sessions.graceMinutes * 60,
  });
}

function participants(practice: Practice): string {
  const xmpp = xmppDomains(practice);
  const contract = roomTokenContract(practice);
  const { avModeration, endConference } = moderation(practice);
  return host("VirtualHost", xmpp.domain, {
    authentication: "room_token",
    room_token_issuer: contract.issuer,
    room_token_audience: contract.audience,
    room_token_keys: PROSODY_PATHS.roomKeys,
    practice_control_audience: contract.controlAudience,
    practice_focus_proxy: xmpp.focus,
    practice_moderation: [avModeration, endConference],
    practice_ready_modules: requiredModules(practice),
    modules_enabled: ["bosh", "websocket", "smacks", "features_identity", ...PARTICIPANT_RULES],
  });
}

/** Two accounts on two hosts, so that whoever holds the bridge's password cannot be the focus. */
function services(practice: Practice): string {
  const xmpp = xmppDomains(practice);
  const account = (username: string, secret: string) => ({
    authentication: "service_account",
    service_account_username: username,
    service_account_password: lua(`FileLine(${luaValue(`${PROSODY_PATHS.secrets}/${secret}`)})`),
    ssl: {
      certificate: `${PROSODY_PATHS.certificates}/tls.crt`,
      key: `${PROSODY_PATHS.certificates}/tls.key`,
    },
  });
  return [
    host("VirtualHost", xmpp.auth, {
      ...account(FOCUS_USER, "focus-password"),
      modules_enabled: ["limits_exception", "groups"],
      groups_file: `${PROSODY_PATHS.configuration}/groups.txt`,
    }),
    host("VirtualHost", xmpp.bridge, {
      ...account(BRIDGE_USER, "bridge-password"),
      modules_enabled: ["limits_exception"],
    }),
  ].join("\n");
}

function rooms(practice: Practice): string {
  const xmpp = xmppDomains(practice);
  const quiet = {
    restrict_room_creation: true,
    muc_room_locking: false,
    muc_room_default_public: false,
    muc_room_default_public_jids: true,
    muc_room_default_persistent: false,
    muc_room_default_history_length: 0,
    muc_tombstones: false,
  };
  return [
    component(xmpp.muc, "muc", {
      ...quiet,
      practice_room_focus: `${FOCUS_USER}@${xmpp.auth}`,
      practice_room_max_participants: practice.video.maxParticipants,
      modules_enabled: [...ROOM_RULES, "muc_meeting_id"],
    }),
    component(xmpp.internalMuc, "muc", {
      ...quiet,
      // The bridge must be able to open the room when it comes first. Nobody else enters.
      admins: [`${BRIDGE_USER}@${xmpp.bridge}`],
      muc_room_default_members_only: true,
    }),
  ].join("\n");
}

function clientSupport(practice: Practice): string {
  const xmpp = xmppDomains(practice);
  const forRooms = { muc_component: xmpp.muc };
  const { avModeration, endConference } = moderation(practice);
  return [
    component(xmpp.focus, "client_proxy", { target_address: `${FOCUS_USER}@${xmpp.auth}` }),
    component(`metadata.${xmpp.domain}`, "room_metadata_component", forRooms),
    component(avModeration, "av_moderation_component", forRooms),
    component(endConference, "end_conference", forRooms),
  ].join("\n");
}

type Options = Parameters<typeof luaAssignments>[0];

function host(kind: "VirtualHost", name: string, options: Options): string {
  return `${kind} ${luaValue(name)}\n${luaAssignments(options, "  ")}`;
}

function component(name: string, module: string, options: Options): string {
  return `Component ${luaValue(name)} ${luaValue(module)}\n${luaAssignments(options, "  ")}`;
}
