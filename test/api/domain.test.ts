import { describe, expect, it } from "vitest";
import { revealingWord } from "../../src/api/domain.ts";

describe("revealingWord", () => {
  it.each([
    ["therapy.example", "therap"],
    ["go.my-psychologist.example", "psych"],
    ["1praxis.example", "praxis"],
    ["dr.meier.example", "dr"],
    ["greenriver.clinic", "clinic"],
  ])("finds it in %s", (host, word) => {
    expect(revealingWord(["greenriver.example", host])).toBe(word);
  });

  it.each(["speculum", "cliniquet", "otherapps", "elementalgoods", "gesucht", "comedic", "drive", "media", "suchtext"])(
    "leaves %s alone",
    (word) => {
      expect(revealingWord([`${word}.example`, `go.my-${word}.example`, `${word}3.example`])).toBeUndefined();
    },
  );
});
