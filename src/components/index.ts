import { bridge } from "./bridge/bridge.ts";
import type { Component } from "./component.ts";
import { front } from "./front/front.ts";
import { signalling } from "./signalling/signalling.ts";

/** What a practice consists of, in apply order: the table of contents of the product. */
export const COMPONENTS: readonly Component[] = [signalling, bridge, front];
