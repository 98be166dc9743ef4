import type { Component } from "./component.ts";

/** What a practice consists of, in apply order: the table of contents of the product. */
export const COMPONENTS: readonly Component[] = [];
