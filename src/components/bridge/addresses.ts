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

/** Where a device tries the way before a call: the port after that of media, so that one firewall line names both. */
export function stunPort(mediaPort: number): number {
  return mediaPort + 1;
}

/** The same as URLs, for those addresses that clients are told; none while one of the ports may be closed. */
export function stunUrls(observed: Observed): readonly string[] {
  if (observed.mediaProblem) return [];
  return advertised(observed).map(({ ip, port }) => `stun:${bracketed(ip)}:${stunPort(port)}`);
}

/** An address as it stands before a port. */
export function bracketed(ip: string): string {
  return familyOf(ip) === "IPv6" ? `[${ip}]` : ip;
}
