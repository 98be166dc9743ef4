import type { Check } from "./policy.ts";

/** What every rendered practice must pass before anything of it is applied. Reads like the promises. */
export const RENDER_CHAIN: readonly Check[] = [];
