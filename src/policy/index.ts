import type { Check } from "./policy.ts";

/** What every rendered practice must pass before anything of it is applied. Reads like the promises. */
export const RENDER_CHAIN: readonly Check[] = [];

/** What everything live in a practice's namespace must pass, ours and foreign. */
export const LIVE_CHAIN: readonly Check[] = RENDER_CHAIN;
