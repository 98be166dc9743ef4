import { describe, expect, it } from "vitest";
import { initialPassword, opaqueName } from "../../src/cli/user-passwords.ts";

const many = <T>(make: () => T) => Array.from({ length: 2000 }, make);

describe("an initial password", () => {
  const passwords = many(initialPassword);

  it("keeps to the policy that people's own passwords are held to, and can be read out", () => {
    for (const password of passwords) {
      expect(password.length).toBeGreaterThanOrEqual(14);
      expect(password).toMatch(/[0-9]/);
      expect(password).toMatch(/[a-z]/);
      expect(password).toMatch(/[A-Z]/);
      expect(password).not.toMatch(/[lo01]/);
    }
  });

  it("is never the same, and uses every character at every place", () => {
    expect(new Set(passwords).size).toBe(passwords.length);
    const last = new Set(passwords.map((password) => password.at(-1)));
    expect(last.size).toBe(32);
  });
});

describe("a made-up id", () => {
  it("is one that Synapse takes, and never the same", () => {
    const names = many(opaqueName);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-km-np-z][a-km-np-z2-9]{9}$/);
  });
});
