import type { Observed, Practice } from "../../practice/practice.ts";
import { stunUrls } from "../bridge/addresses.ts";
import { roomTokenContract, XMPP_INTERNAL_PORT } from "../jitsi/xmpp.ts";
import { OIDC_FILES, SYNAPSE_PORTS } from "../matrix/homeserver.ts";
import { ENTRY_ROLE, POSTGRES_PORT } from "../matrix/postgres-config.ts";
import { ENTRY_FILES } from "./volumes.ts";

export const ENTRY_PORT = 8080;

/**
 * What the entry page is told: only what has a value, because the API server drops empty ones, and would be asked to
 * take them again. No secret is among it.
 */
export function environment(
  practice: Practice,
  observed: Observed,
): { readonly name: string; readonly value: string }[] {
  const values = {
    ...pages(practice),
    ...services(practice),
    ...database(practice),
    ...provider(practice),
    ENTRY_STUN: stunUrls(observed).join(" "),
  };
  return Object.entries(values).flatMap(([name, value]) => (value ? [{ name, value }] : []));
}

type Values = Readonly<Record<string, string | undefined>>;

function pages(practice: Practice): Values {
  const { hosts, locale, legal, maintenance, video, entry } = practice;
  const { issuer, audience } = roomTokenContract(practice);
  return {
    ENTRY_PORT: String(ENTRY_PORT),
    ENTRY_HOST: issuer,
    ENTRY_MEET_HOST: audience,
    ENTRY_CHAT_HOST: hosts.chat,
    ENTRY_MATRIX_HOST: hosts.matrix,
    ENTRY_LOCALE: locale,
    ENTRY_TIME_ZONE: maintenance.timeZone,
    ENTRY_IMPRINT_URL: legal.imprintUrl,
    ENTRY_PRIVACY_URL: legal.privacyUrl,
    ENTRY_MAX_PARTICIPANTS: String(video.maxParticipants),
    ENTRY_EARLY_MINUTES: String(video.sessions.earlyMinutes),
    ENTRY_GRACE_MINUTES: String(video.sessions.graceMinutes),
    ENTRY_RECEIPT_DAYS: entry.receiptDays?.toString(),
  };
}

function services({ names }: Practice): Values {
  return {
    ENTRY_KEYS: ENTRY_FILES.keys,
    ENTRY_ROOM_KEYS: ENTRY_FILES.roomKeys,
    ENTRY_SIGNALLING_URL: `http://${names.signalling}:${XMPP_INTERNAL_PORT}`,
    ENTRY_SYNAPSE_URL: `http://${names.synapse}:${SYNAPSE_PORTS.client}`,
    ENTRY_ANSWERS_URL: `http://${names.synapse}:${SYNAPSE_PORTS.openid}`,
  };
}

function database({ messaging, names }: Practice): Values {
  const { database } = messaging;
  const managed = database.kind === "managed";
  return {
    ENTRY_DATABASE_HOST: managed ? names.postgres : database.host,
    ENTRY_DATABASE_PORT: String(managed ? POSTGRES_PORT : database.port),
    // Where others run it, its Secret names both.
    ENTRY_DATABASE_NAME: managed ? ENTRY_ROLE : undefined,
    ENTRY_DATABASE_FOLDER: ENTRY_FILES.database,
    ENTRY_DATABASE_TLS: managed ? "off" : "verify",
    ENTRY_DATABASE_CA: !managed && database.caSecretName ? `${ENTRY_FILES.databaseCa}/ca.crt` : undefined,
  };
}

function provider({ staff }: Practice): Values {
  return {
    ENTRY_OIDC_ISSUER: staff.oidc?.issuer,
    ENTRY_OIDC_CLIENT_ID: staff.oidc?.clientId,
    ENTRY_OIDC_CLIENT_SECRET_FILE: staff.oidc && `${OIDC_FILES}/client-secret`,
    ENTRY_OIDC_CLAIM_NAME: staff.oidc?.claim.name,
    ENTRY_OIDC_CLAIM_VALUE: staff.oidc?.claim.value,
  };
}
