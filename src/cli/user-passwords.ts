import { randomInt } from "node:crypto";

/** Nobody mistakes one for another: no l, o, 0 or 1. */
const LETTERS = "abcdefghijkmnpqrstuvwxyz";
const DIGITS = "23456789";
const GROUPS = 5;
const GROUP = 4;

/**
 * A password to be read out or typed from paper: five groups of four, at least one digit, the first letter a capital.
 * More than 95 bits from the system's randomness, and more than the practice's own policy asks for (Synapse does not
 * apply it to what administrators set).
 */
export function initialPassword(): string {
  for (;;) {
    const groups = Array.from({ length: GROUPS }, () => word(GROUP));
    const [first = ""] = groups[0] ?? "";
    const text = groups.join("-");
    if (LETTERS.includes(first) && /[0-9]/.test(text) && /[a-z]/.test(text.slice(1))) {
      return first.toUpperCase() + text.slice(1);
    }
  }
}

/** The local part of an id that tells nothing about its owner: a letter, then nine more characters, 49 bits. */
export function opaqueName(): string {
  return pick(LETTERS) + word(9);
}

function word(length: number): string {
  return Array.from({ length }, () => pick(LETTERS + DIGITS)).join("");
}

function pick(characters: string): string {
  return characters.charAt(randomInt(characters.length));
}
