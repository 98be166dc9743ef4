import { randomBytes } from "node:crypto";

/**
 * What is said and answered: nothing but a number that the other side repeats, so that a proxy that takes every
 * connection is not mistaken for the pod behind it.
 */
const WORD = /^probe ([0-9a-f]{16})\n$/;

export function newWord(): string {
  return `probe ${randomBytes(8).toString("hex")}\n`;
}

/** @returns what to answer; nothing to whoever says something else. */
export function answerTo(said: string): string | undefined {
  const number = WORD.exec(said)?.[1];
  return number === undefined ? undefined : `heard ${number}\n`;
}
