import { everyLoginNeedsProof, readyOnlyWithRules, roomModulesAsShipped, roomRulesInForce } from "./admission.ts";
import { adminOnLoopback, daemonsKnowSignallingAlone } from "./daemons.ts";
import {
  configurationForcesEncryption,
  guardBeforeApp,
  messagePolicyLoaded,
  noSideChannel,
  roomsEncryptedByDefault,
} from "./e2ee.ts";
import { hostsAreOurs, noAnnotationSlipsIn, noSideDoorInNginx, pathsAsListed, routesLeadToFront } from "./exposure.ts";
import { foreignPod, foreignPolicy, foreignRoute, foreignService, isOurs } from "./foreign.ts";
import {
  configurationNamedByContent,
  noSecretRendered,
  noServiceAccountToken,
  podSecurityRestricted,
  programsAsListed,
  readOnlyRoot,
} from "./hardening.ts";
import { defaultDeny, edgesAsListed, everyPodHasItsWall, noHostAccess, servicesAsListed } from "./isolation.ts";
import {
  clientAddressDropped,
  homeserverKeepsToItself,
  logsOnlyWarnings,
  noAccessLog,
  noStun,
  pageContactsNobody,
  statusNamesNobody,
} from "./metadata.ts";
import { hooksAsListed } from "./hooks.ts";
import type { Check, PolicyInput } from "./policy.ts";
import { configurationReadable } from "./readable.ts";
import { imagesOfTheRelease, noRecorderAccount, noRecorderConfigured, noRecordingInBrowser } from "./recording.ts";
import { remember } from "../remember.ts";
import { prunerTouchesNoMessage } from "./residue.ts";
import { podsCarryTheGuard } from "./serving.ts";
import { noThirdPartyHost } from "./third-party.ts";

/** What every rendered practice must pass before anything of it is applied. Reads like the promises. */
export const RENDER_CHAIN: readonly Check[] = [
  // A stock client cannot hold an unencrypted call or conversation.
  guardBeforeApp, // the script that runs before the app, byte for byte
  configurationForcesEncryption, // nothing in config.js leads around it
  noSideChannel, // nor beside it
  roomModulesAsShipped, // Prosody finds our modules and no others of their names
  everyLoginNeedsProof, // no anonymous host
  roomRulesInForce, // and no other kind of rooms
  readyOnlyWithRules, // a module that fails to load closes the practice
  roomsEncryptedByDefault, // messages too
  messagePolicyLoaded, // and cleartext is refused
  programsAsListed, // only known programs, nothing that overrides their files
  configurationReadable, // and those files can be judged
  hooksAsListed, // nothing else runs beside them

  // Nothing that records is part of a practice.
  imagesOfTheRelease,
  noRecorderConfigured,
  noRecorderAccount,
  noRecordingInBrowser,

  // Default deny both ways; what is open is a list; nothing unauthenticated can be reached.
  defaultDeny,
  everyPodHasItsWall,
  edgesAsListed,
  servicesAsListed,
  noHostAccess,
  adminOnLoopback,
  daemonsKnowSignallingAlone,
  routesLeadToFront,
  hostsAreOurs,
  noAnnotationSlipsIn,
  pathsAsListed,
  noSideDoorInNginx,

  // No third party is contacted, no client's address is kept.
  noThirdPartyHost,
  pageContactsNobody,
  homeserverKeepsToItself,
  noStun,
  noAccessLog,
  clientAddressDropped,
  logsOnlyWarnings,
  statusNamesNobody,
  prunerTouchesNoMessage,

  // A program that was taken over has nothing to climb on.
  podSecurityRestricted,
  readOnlyRoot,
  noServiceAccountToken,
  configurationNamedByContent,
  noSecretRendered,
];

/** What nobody else may have put beside a practice, and what runs of it. Only live objects can break these. */
export const FOREIGN_CHAIN: readonly Check[] = [
  foreignPolicy,
  foreignService,
  foreignRoute,
  foreignPod,
  podsCarryTheGuard,
];

/** What everything live in a practice's namespace must pass: the same checks on what is ours, and the foreign ones. */
export const LIVE_CHAIN: readonly Check[] = [...RENDER_CHAIN.map(ofOurs), ...FOREIGN_CHAIN];

/** What holds of everything live whatever the manifest says, so also while an edit of it cannot be applied. */
export const STANDING_CHAIN: readonly Check[] = [...[defaultDeny, everyPodHasItsWall].map(ofOurs), ...FOREIGN_CHAIN];

function ofOurs(check: Check): Check {
  return {
    ...check,
    violations: (input) => check.violations(ours(input)),
  };
}

const ours = remember((input: PolicyInput) => ({
  ...input,
  objects: input.objects.filter((object) => isOurs(input, object)),
}));
