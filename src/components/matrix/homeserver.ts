import type { Database, Practice } from "../../practice/practice.ts";
import { merged, type Settings } from "../merge.ts";
import { POSTGRES_PORT, SYNAPSE_ROLE } from "./postgres-config.ts";

/** Where the files of Synapse are mounted. */
export const SYNAPSE_FILES = "/etc/synapse";
export const SYNAPSE_MODULES = "/modules";
export const SYNAPSE_SECRETS = "/run/secrets/synapse";
export const SYNAPSE_VOLUME = "/data";
export const DATABASE_CA = "/run/secrets/database-ca";
/** The secret of the practice's client at its provider of identities. */
export const OIDC_FILES = "/run/secrets/oidc";
/** Where the kubelet shows what stands on the pod for a command that administers people. */
export const PROOF_FILES = "/run/proof";
export const PROOF_FILE = "proof";

/** What a container leaves here is in its pod's status when it has ended; Kubernetes' default, at most 4096 bytes. */
const TERMINATION_MESSAGE = "/dev/termination-log";

/** Ports by what answers there. `openid` tells the practice's own pods who somebody is; nobody else reaches it. */
export const SYNAPSE_PORTS = { client: 8008, openid: 8009, health: 8080, metrics: 9001 } as const;
/** Inside the pod only, so that a port-forward is the one way in: Synapse's own admin API, and who may use it. */
export const ADMINISTRATION_PORT = 8011;
/** Where a sign-in of staff through the practice's provider begins: `StaffSignIn` of our module. */
export const STAFF_SIGN_IN_PATH = "/_synapse/client/practice/sign-in";
/** `PracticeAdministration` of our module. */
export const ADMINISTRATION_PATH = "/practice/administration";

/** Who somebody is, and with what power in which room, by their OpenID token: `PracticeAnswers` of our module. */
const WHO_PATH = "/practice/who";

/** Roles are Synapse's user types: there is no other list of people. */
const STAFF_USER_TYPES = ["therapist"];
const PATIENT = "patient";

/**
 * `homeserver.yaml`, whole, as JSON, which readers of YAML understand alike (docs/decisions/0045). Read by the pinned version; an
 * unknown key would be ignored without a word.
 */
export function homeserverYaml(practice: Practice): string {
  return JSON.stringify(merged(defaults(practice), enforced(practice)), undefined, 2);
}

/** How Synapse calls a sign-in through the practice's provider: `oidc-` and the `idp_id`. The module knows it too. */
const PROVIDER_ID = "staff";

/** What suits a practice. None of it is a promise. */
function defaults(practice: Practice): Settings {
  return {
    max_upload_size: "50M",
    dynamic_thumbnails: false,
    // One door, one address: a limit by address is a limit for everybody together.
    rc_login: {
      address: { per_second: 50, burst_count: 500 },
      account: { per_second: 0.17, burst_count: 3 },
      failed_attempts: { per_second: 0.17, burst_count: 3 },
    },
    rc_message: { per_second: 0.5, burst_count: 30 },
    password_config: {
      enabled: true,
      policy: {
        enabled: true,
        minimum_length: 14,
        require_digit: true,
        require_lowercase: true,
        require_uppercase: true,
      },
    },
    session_lifetime: "24h",
    refreshable_access_token_lifetime: "5m",
    refresh_token_lifetime: "24h",
    nonrefreshable_access_token_lifetime: "24h",
    ...retention(practice),
  };
}

/** Messages and uploads go after so many days. State, and a room's last message, stay: Synapse keeps them. */
function retention({ messaging }: Practice): Settings {
  if (messaging.retentionDays === undefined) return {};
  const lifetime = `${messaging.retentionDays}d`;
  return {
    retention: {
      enabled: true,
      default_policy: { max_lifetime: lifetime },
      allowed_lifetime_max: lifetime,
      purge_jobs: [{ interval: "1d" }],
    },
    media_retention: { local_media_lifetime: lifetime },
  };
}

function enforced(practice: Practice): Settings {
  return {
    ...identity(practice),
    ...closed(),
    ...discreet(),
    ...encrypted(practice),
    ...provider(practice),
    database: database(practice),
  };
}

function identity({ serverName, hosts, staff }: Practice): Settings {
  const { client, openid, health, metrics } = SYNAPSE_PORTS;
  // Without `x_forwarded` no client's address is ever seen; the front pod does not send one either.
  const http = { type: "http", tls: false, x_forwarded: false };
  return {
    server_name: serverName,
    public_baseurl: `https://${hosts.matrix}/`,
    listeners: [
      {
        port: client,
        ...http,
        resources: [{ names: ["client"], compress: false }],
        ...(staff.oidc && { additional_resources: staffSignIn(hosts.chat) }),
      },
      {
        port: openid,
        ...http,
        resources: [{ names: ["openid"], compress: false }],
        additional_resources: {
          [WHO_PATH]: {
            module: "practice_policy.PracticeAnswers",
            config: { staff_user_types: STAFF_USER_TYPES },
          },
        },
      },
      { port: health, ...http, resources: [{ names: ["health"], compress: false }] },
      { port: metrics, type: "metrics" },
      {
        port: ADMINISTRATION_PORT,
        bind_addresses: ["127.0.0.1"],
        ...http,
        resources: [{ names: ["client"], compress: false }],
        additional_resources: {
          [ADMINISTRATION_PATH]: {
            module: "practice_policy.PracticeAdministration",
            config: { proof_file: [`${PROOF_FILES}/${PROOF_FILE}`] },
          },
        },
      },
    ],
    enable_metrics: true,
    log_config: `${SYNAPSE_FILES}/log.yaml`,
    media_store_path: `${SYNAPSE_VOLUME}/media`,
    signing_key_path: `${SYNAPSE_SECRETS}/signing.key`,
    macaroon_secret_key_path: `${SYNAPSE_SECRETS}/macaroon-secret`,
    form_secret_path: `${SYNAPSE_SECRETS}/form-secret`,
    user_types: { extra_user_types: [...STAFF_USER_TYPES, PATIENT], default_user_type: PATIENT },
  };
}

/** No other server, nobody new, nobody unknown. */
function closed(): Settings {
  return {
    // Unset would mean every server in the world.
    federation_domain_whitelist: [],
    send_federation: false,
    trusted_key_servers: [],
    suppress_key_server_warning: true,
    serve_server_wellknown: false,
    allow_public_rooms_over_federation: false,
    allow_public_rooms_without_auth: false,
    allow_profile_lookup_over_federation: false,
    allow_device_name_lookup_over_federation: false,
    limit_remote_rooms: { enabled: true, complexity: 0 },
    enable_registration: false,
    enable_registration_without_verification: false,
    allow_guest_access: false,
    enable_3pid_lookup: false,
    enable_3pid_changes: false,
    request_token_inhibit_3pid_errors: true,
    inhibit_user_in_use_error: true,
    next_link_domain_whitelist: [],
    // No member can have it ask an address of theirs, as a push gateway or otherwise.
    ip_range_blacklist: ["0.0.0.0/0", "::/0"],
    login_via_existing_session: { enabled: false },
    turn_allow_guests: false,
    enable_room_list_search: false,
    alias_creation_rules: [],
    room_list_publication_rules: [],
  };
}

/** What is not needed is not known, not shown, or soon forgotten. */
function discreet(): Settings {
  return {
    report_stats: false,
    stats: { enabled: false },
    presence: { enabled: false },
    enable_search: false,
    require_auth_for_profile_requests: true,
    limit_profile_requests_to_users_who_share_rooms: true,
    include_profile_data_on_invite: false,
    allow_per_room_profiles: false,
    // Names are given by the practice: a patient's is then never a surprise to it.
    enable_set_displayname: false,
    enable_set_avatar_url: false,
    // Staff find their patients, patients find nobody: the module hides.
    user_directory: { enabled: true, search_all_users: true, exclude_remote_users: true },
    experimental_features: { msc4263_limit_key_queries_to_users_who_share_rooms: true },
    url_preview_enabled: false,
    enable_authenticated_media: true,
    media_retention: { remote_media_lifetime: "1d" },
    push: { include_content: false },
    user_ips_max_age: "1d",
    redaction_retention_period: "0s",
    forget_rooms_on_leave: true,
    forgotten_room_retention_period: "1d",
  };
}

function encrypted({ hosts, staff }: Practice): Settings {
  return {
    encryption_enabled_by_default_for_room_type: "all",
    extra_well_known_client_content: {
      "io.element.e2ee": { default: true, force_disable: false },
      // Calls of two go through the practice's own Jitsi as well, never through somebody else's relay.
      "io.element.jitsi": { preferredDomain: hosts.meet, useFor1To1Calls: true },
      "im.vector.riot.jitsi": { preferredDomain: hosts.meet },
      "io.element.voip": { disable_fallback_ice: true },
    },
    modules: [
      {
        module: "practice_policy.PracticePolicy",
        config: {
          staff_user_types: STAFF_USER_TYPES,
          staff_sign_in: [staff.oidc ? `oidc-${PROVIDER_ID}` : "password"],
          widget_hosts: [hosts.chat],
          jitsi_domains: [hosts.meet],
        },
      },
    ],
  };
}

/**
 * Staff from the practice's provider of identities, if it has one; patients have passwords all the same. The module
 * decides who is staff, and lets nobody else in. Element alone may send people there without a further question.
 */
function provider({ staff, domain, hosts }: Practice): Settings {
  if (!staff.oidc) return {};
  const { issuer, clientId, claim } = staff.oidc;
  return {
    oidc_providers: [
      {
        idp_id: PROVIDER_ID,
        // On a page that everybody sees.
        idp_name: domain,
        issuer,
        client_id: clientId,
        client_secret_path: `${OIDC_FILES}/client-secret`,
        pkce_method: "always",
        scopes: ["openid", "profile"],
        user_mapping_provider: {
          module: "practice_policy.StaffProvider",
          config: { claim: [claim.name], value: [claim.value] },
        },
      },
    ],
    sso: { client_whitelist: [`https://${hosts.chat}/`] },
  };
}

function staffSignIn(chat: string): Settings {
  const config = { clients: [`https://${chat}/`] };
  return { [STAFF_SIGN_IN_PATH]: { module: "practice_policy.StaffSignIn", config } };
}

/** The password comes as PGPASSWORD, so that no file with a secret has to be made. */
function database(practice: Practice): Settings {
  const pool = { cp_min: 2, cp_max: 10 };
  return { name: "psycopg2", args: { ...server(practice.messaging.database, practice), ...pool } };
}

/** A wall that drops packets would otherwise keep the reason back for minutes. */
const PATIENCE = { connect_timeout: 10 };

function server(database: Database, { names }: Practice): Settings {
  if (database.kind === "managed") {
    return { host: names.postgres, port: POSTGRES_PORT, dbname: SYNAPSE_ROLE, user: SYNAPSE_ROLE, ...PATIENCE };
  }
  const { host, port, name: dbname, caSecretName } = database;
  // `system` asks for libpq 16 or newer, which the image has (Debian trixie).
  const sslrootcert = caSecretName ? `${DATABASE_CA}/ca.crt` : "system";
  return { host, port, dbname, sslmode: "verify-full", sslrootcert, ...PATIENCE };
}

/**
 * Synapse's logging: warnings only. One level lower its lines name people and what they asked for. Why a start failed
 * also goes into the pod's status, where the operator reads it: from the one logger that speaks of nothing else.
 */
export function synapseLogYaml(): string {
  const logging = {
    version: 1,
    disable_existing_loggers: false,
    formatters: {
      line: { format: "%(asctime)s %(name)s %(levelname)s %(message)s" },
      told: { "()": "practice_policy.StartFailure" },
    },
    handlers: {
      console: { class: "logging.StreamHandler", formatter: "line", stream: "ext://sys.stderr" },
      told: { class: "logging.FileHandler", formatter: "told", filename: TERMINATION_MESSAGE, delay: true },
    },
    loggers: { "synapse.app._base": { handlers: ["told"] } },
    root: { level: "WARNING", handlers: ["console"] },
  };
  return JSON.stringify(logging, undefined, 2);
}
