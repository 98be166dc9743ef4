import type { Resources } from "../../practice/sizing.ts";

/** Where the claim is mounted: over the volume that the image declares, so that no other one is made there. */
export const POSTGRES_VOLUME = "/var/lib/postgresql/data";
/** A subdirectory, because a new file system has `lost+found` at its root and initdb wants an empty folder. */
export const POSTGRES_DATA = `${POSTGRES_VOLUME}/pgdata`;
export const POSTGRES_FILES = "/etc/postgresql";
export const POSTGRES_SOCKETS = "/run/postgresql";
export const POSTGRES_SECRETS = "/run/secrets/postgresql";
export const POSTGRES_PORT = 5432;

/** Role and database. Synapse owns them and is no superuser. */
export const SYNAPSE_ROLE = "synapse";
/** Role and database of the entry page, apart from Synapse's. */
export const ENTRY_ROLE = "entry";
/** May call one function, see `prunerSql`, and read nothing. */
export const PRUNER_ROLE = "pruner";

/**
 * `postgresql.conf`, whole. Nothing that a person wrote or did is logged: no statement, no connection, and of an
 * error only its first line, because its details quote keys of rows. Errors of statements are Synapse's to tell: the log
 * of this server is about itself, because its end goes into the pod's status.
 */
export function postgresqlConf({ memory }: Resources): string {
  const available = mebibytes(memory);
  return `listen_addresses = '*'
port = ${POSTGRES_PORT}
unix_socket_directories = '${POSTGRES_SOCKETS}'
hba_file = '${POSTGRES_FILES}/pg_hba.conf'
max_connections = 30
password_encryption = scram-sha-256

shared_buffers = ${Math.floor(available / 4)}MB
effective_cache_size = ${Math.floor(available / 2)}MB
work_mem = ${Math.max(2, Math.floor(available / 128))}MB
maintenance_work_mem = ${Math.floor(available / 16)}MB
max_wal_size = 512MB
checkpoint_completion_target = 0.9
random_page_cost = 1.1

lc_messages = 'C'
log_timezone = 'UTC'
timezone = 'UTC'
logging_collector = off
log_destination = 'stderr'
log_statement = none
log_connections = off
log_disconnections = off
log_checkpoints = off
log_autovacuum_min_duration = -1
log_error_verbosity = terse
log_min_messages = log
log_min_error_statement = panic
log_parameter_max_length_on_error = 0
`;
}

/**
 * Who may connect: Synapse, the pruner and the entry page with their passwords, each to its own; and the program's own user from inside the container,
 * which is how a backup is made.
 */
export function pgHbaConf(): string {
  return `local all postgres peer
host ${SYNAPSE_ROLE} ${SYNAPSE_ROLE},${PRUNER_ROLE} 0.0.0.0/0 scram-sha-256
host ${SYNAPSE_ROLE} ${SYNAPSE_ROLE},${PRUNER_ROLE} ::/0 scram-sha-256
host ${ENTRY_ROLE} ${ENTRY_ROLE} 0.0.0.0/0 scram-sha-256
host ${ENTRY_ROLE} ${ENTRY_ROLE} ::/0 scram-sha-256
`;
}

/**
 * The script of the init container: makes a cluster unless there is one, aside and renamed at the end, so that what
 * is half made is never started. Synapse refuses any other collation than C. Passwords go in by standard input. What
 * the pruner may do is said anew at each start, so that it is what this release says; a cluster of another major
 * version ends the script here, with PostgreSQL's own words, before anything is touched.
 */
export function makeDatabaseSh(): string {
  return `set -eu
data=${POSTGRES_DATA}
secret() { sed "s/'/''/g" "${POSTGRES_SECRETS}/$1"; }
single() { postgres --single -j -D "$1" -c exit_on_error=on -c log_min_error_statement=panic "$2" >/dev/null; }

if [ ! -s "$data/PG_VERSION" ]; then
  rm -rf "$data.new"
  initdb --pgdata="$data.new" --username=postgres --encoding=UTF8 --locale=C --data-checksums \\
    --auth-local=peer --auth-host=scram-sha-256 >/dev/null
  single "$data.new" postgres <<END
CREATE ROLE ${SYNAPSE_ROLE} LOGIN PASSWORD '$(secret password)';

CREATE DATABASE ${SYNAPSE_ROLE} OWNER ${SYNAPSE_ROLE};

END
  mv "$data.new" "$data"
fi

# Apart, because a database cannot be made inside of anything, and only where there is none yet.
single "$data" postgres <<END
$(cat ${POSTGRES_FILES}/entry.sql)

ALTER ROLE ${ENTRY_ROLE} PASSWORD '$(secret entry-password)';

END
if ! echo "SELECT datname FROM pg_database WHERE datname = '${ENTRY_ROLE}'" | postgres --single -D "$data" postgres | grep -q '"${ENTRY_ROLE}"'; then
  single "$data" postgres <<END
CREATE DATABASE ${ENTRY_ROLE} OWNER ${ENTRY_ROLE};

REVOKE ALL ON DATABASE ${ENTRY_ROLE} FROM PUBLIC;

END
fi

single "$data" ${SYNAPSE_ROLE} <<END
$(cat ${POSTGRES_FILES}/pruner.sql)

ALTER ROLE ${PRUNER_ROLE} PASSWORD '$(secret pruner-password)';

END
`;
}

/**
 * `pruner.sql`: a role that reads nothing and may only call a function, and that function, which works with the rights
 * of Synapse. What it takes away: where and when a device was last used, the list of days on which each was, expired
 * identity tokens (one for each call that somebody joined), and the names that files had. Blank lines end a statement.
 */
export function prunerSql(): string {
  return `DO $do$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${PRUNER_ROLE}') THEN CREATE ROLE ${PRUNER_ROLE}; END IF;
END $do$;

ALTER ROLE ${PRUNER_ROLE} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT CONNECTION LIMIT 2;

REVOKE ALL ON DATABASE ${SYNAPSE_ROLE} FROM PUBLIC;

GRANT CONNECT ON DATABASE ${SYNAPSE_ROLE} TO ${PRUNER_ROLE};

CREATE OR REPLACE FUNCTION public.prune_residue() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $prune$
BEGIN
  IF to_regclass('devices') IS NULL THEN RETURN; END IF;
  UPDATE devices SET ip = NULL, user_agent = NULL WHERE ip IS NOT NULL OR user_agent IS NOT NULL;
  UPDATE devices SET last_seen = NULL WHERE last_seen < (extract(epoch FROM now()) - 86400) * 1000;
  DELETE FROM user_daily_visits;
  DELETE FROM open_id_tokens WHERE ts_valid_until_ms < extract(epoch FROM now()) * 1000;
  UPDATE local_media_repository SET upload_name = NULL WHERE upload_name IS NOT NULL;
END $prune$;

ALTER FUNCTION public.prune_residue() OWNER TO ${SYNAPSE_ROLE};

REVOKE ALL ON FUNCTION public.prune_residue() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION public.prune_residue() TO ${PRUNER_ROLE};
`;
}

/** `entry.sql`: the role of the entry page, which owns its own small database and reads no other. */
export function entrySql(): string {
  return `DO $do$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${ENTRY_ROLE}') THEN CREATE ROLE ${ENTRY_ROLE}; END IF;
END $do$;

ALTER ROLE ${ENTRY_ROLE} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE CONNECTION LIMIT 10;
`;
}

const UNITS: Readonly<Record<string, number>> = { Ki: 1 / 1024, Mi: 1, Gi: 1024, Ti: 1024 * 1024 };

/** @throws Error for a quantity that is not in binary units. */
function mebibytes(quantity: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti)$/.exec(quantity) ?? [];
  const factor = unit && UNITS[unit];
  if (!number || !factor) throw new Error(`The memory of postgres is ${quantity}; give it in Mi or Gi.`);
  return Number(number) * factor;
}
