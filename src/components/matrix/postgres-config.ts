import type { Resources } from "../../practice/sizing.ts";

/** Where the claim is mounted: over the volume that the image declares, so that no other one is made there. */
export const POSTGRES_VOLUME = "/var/lib/postgresql/data";
/** A subdirectory, because a new file system has `lost+found` at its root and initdb wants an empty folder. */
export const POSTGRES_DATA = `${POSTGRES_VOLUME}/pgdata`;
export const POSTGRES_FILES = "/etc/postgresql";
export const POSTGRES_SOCKETS = "/run/postgresql";
export const POSTGRES_PASSWORD_FILE = "/run/secrets/postgresql/password";
export const POSTGRES_PORT = 5432;

/** Role and database. Synapse owns them and is no superuser. */
export const SYNAPSE_ROLE = "synapse";

/**
 * `postgresql.conf`, whole. Nothing that a person wrote or did is logged: no statement, no connection, and of an
 * error only its first line, because its details quote keys of rows.
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
log_min_error_statement = panic
log_parameter_max_length_on_error = 0
`;
}

/**
 * Who may connect: Synapse with its password; and the program's own user from inside the container, which is how a
 * backup is made.
 */
export function pgHbaConf(): string {
  return `local all postgres peer
host ${SYNAPSE_ROLE} ${SYNAPSE_ROLE} 0.0.0.0/0 scram-sha-256
host ${SYNAPSE_ROLE} ${SYNAPSE_ROLE} ::/0 scram-sha-256
`;
}

/**
 * The script of the init container: makes a cluster unless there is one, aside and renamed at the end, so that what
 * is half made is never started. Synapse refuses any other collation than C. The password goes in by standard input.
 */
export function makeDatabaseSh(): string {
  return `set -eu
data=${POSTGRES_DATA}
if [ -s "$data/PG_VERSION" ]; then exit 0; fi
rm -rf "$data.new"
initdb --pgdata="$data.new" --username=postgres --encoding=UTF8 --locale=C --data-checksums \\
  --auth-local=peer --auth-host=scram-sha-256 >/dev/null
password=$(sed "s/'/''/g" ${POSTGRES_PASSWORD_FILE})
postgres --single -D "$data.new" -c log_min_error_statement=panic postgres >/dev/null <<END
CREATE ROLE ${SYNAPSE_ROLE} LOGIN PASSWORD '$password'
CREATE DATABASE ${SYNAPSE_ROLE} OWNER ${SYNAPSE_ROLE}
END
mv "$data.new" "$data"
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
