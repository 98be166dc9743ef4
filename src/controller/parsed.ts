import { type Parsed, parseSpec } from "../api/practice.ts";
import type { LiveObject } from "../manifest.ts";
import { remember } from "../remember.ts";

/** A practice as the cache has it, judged once for each version: what is in the cache is never changed, only replaced. */
export const parsedPractice: (resource: LiveObject) => Parsed = remember(parseSpec);
