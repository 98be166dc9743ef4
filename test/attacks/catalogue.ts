import { lobbyAttacks, roomAttacks, serviceLogin, sessionAttacks, tokenAttacks } from "./admission.ts";
import { ADMISSION_ATTACKS } from "./admission-policies.ts";
import type { AttackGroup } from "./attack.ts";
import {
  alteredOnTheWay,
  climbingAttacks,
  copyPortAttacks,
  copyTokenAttacks,
  overwritingAttacks,
  tamperedSet,
} from "./backup.ts";
import { encryptionAttacks, messageAttacks, serviceAttacks } from "./encryption.ts";
import {
  chatCommandAttacks,
  framingAttacks,
  leftoverAttacks,
  linkAttacks as chatLinkAttacks,
  lookupAttacks,
  tokenPathAttacks,
} from "./element.ts";
import {
  consentAttacks,
  databaseAwayAttacks,
  linkAttacks,
  revokedAttacks,
  timeAttacks,
  tokenRevocation,
  useAttacks,
} from "./entry-links.ts";
import {
  accountAttacks,
  conversationAttacks,
  deviceAttacks,
  earlyAttacks,
  keptOut,
  lockedOut,
  passwordGuessing,
  sessionAttacksAtTheDesk,
} from "./entry-staff.ts";
import { forgedAnswers } from "./entry-check.ts";
import { leakAttacks } from "./entry-kit.ts";
import { keptForNobody, receiptsAlone, receiptsInClear } from "./entry-receipts.ts";
import {
  cookieAttacks,
  diaryAttacks,
  forgeryAttacks,
  frameAttacks,
  injectionAttacks,
  previewAttacks,
  redirectAttacks,
} from "./entry-web.ts";
import {
  controlOnce,
  controlPort,
  controlSignature,
  firewallAttacks,
  logAttacks,
  readinessAttacks,
  sideRoomAttacks,
} from "./inside.ts";
import { closedAttacks, frontAttacks } from "./messaging-closed.ts";
import { prunerAttacks } from "./messaging-database.ts";
import { policyAttacks } from "./messaging-rooms.ts";
import { administrationListener, claimAttacksOn, proofAttacksOn, signInAttacks } from "./messaging-users.ts";
import { toldAttacks } from "./messaging-told.ts";
import { pageAttacks } from "./page.ts";
import { memoryAttacks, reflectionAttacks } from "./stun.ts";
import { wallRows } from "./walls.ts";

/** Every attack that was tried: the proof of the promises. */
export const CATALOGUE: readonly AttackGroup[] = [
  pageAttacks,
  encryptionAttacks,
  serviceAttacks,
  messageAttacks,
  sideRoomAttacks,
  ...readinessAttacks,
  tokenAttacks,
  serviceLogin,
  roomAttacks,
  lobbyAttacks,
  sessionAttacks,
  firewallAttacks,
  controlSignature,
  controlOnce,
  controlPort,
  logAttacks,
  policyAttacks,
  closedAttacks,
  frontAttacks,
  prunerAttacks,
  proofAttacksOn(),
  administrationListener,
  claimAttacksOn(),
  signInAttacks,
  reflectionAttacks,
  memoryAttacks,
  framingAttacks,
  chatLinkAttacks,
  leftoverAttacks,
  tokenPathAttacks,
  chatCommandAttacks,
  lookupAttacks,
  toldAttacks,
  copyTokenAttacks,
  copyPortAttacks,
  alteredOnTheWay,
  overwritingAttacks,
  climbingAttacks,
  tamperedSet,
  linkAttacks,
  timeAttacks,
  consentAttacks,
  receiptsInClear,
  receiptsAlone,
  keptForNobody,
  useAttacks,
  revokedAttacks,
  tokenRevocation,
  databaseAwayAttacks,
  sessionAttacksAtTheDesk,
  earlyAttacks,
  accountAttacks,
  lockedOut,
  deviceAttacks,
  passwordGuessing,
  keptOut,
  conversationAttacks,
  forgeryAttacks,
  redirectAttacks,
  injectionAttacks,
  previewAttacks,
  cookieAttacks,
  frameAttacks,
  ...ADMISSION_ATTACKS,
  diaryAttacks,
  forgedAnswers,
  leakAttacks,
];

/** `docs/attacks.md`: every entry, without a word about how it ended. */
export function catalogueTable(): string {
  const rows = CATALOGUE.flatMap(({ attacks, defence, parts }) =>
    attacks.map(({ id, promise, does }) => `| \`${id}\` | ${promise} | ${does} | ${parts.join(", ")} | ${defence} |\n`),
  );
  return `| attack | promise | what the attacker does | tried on | what stops it |\n| --- | --- | --- | --- | --- |\n${rows.join("")}${wallRows()}`;
}
