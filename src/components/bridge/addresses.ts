import { familyOf } from "../../practice/addresses.ts";
import type { MediaAddress, Observed } from "../../practice/practice.ts";

/** The addresses that clients are told: those of a family that the bridge's pod has. */
export function advertised({ mediaAddresses, mediaFamilies }: Observed): readonly MediaAddress[] {
  return mediaAddresses.filter(({ ip }) => mediaFamilies.includes(familyOf(ip)));
}

/** The addresses at which the bridge would not be reached, because its pod has none of their family. */
export function unusable({ mediaAddresses, mediaFamilies }: Observed): readonly MediaAddress[] {
  return mediaAddresses.filter(({ ip }) => !mediaFamilies.includes(familyOf(ip)));
}
