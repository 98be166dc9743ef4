import { expect, it } from "vitest";
import { fleschKincaidGrade, wienerSachtextformel } from "./support/readability.ts";

it("the measures of readability tell hard texts from easy ones", () => {
  const hard =
    "The organisation's administrative representative communicates comprehensive information concerning the technological infrastructure.";
  expect(fleschKincaidGrade([hard])).toBeGreaterThan(20);
  expect(fleschKincaidGrade(["The cat sat on the mat. Then it went to sleep there."])).toBeLessThan(2);
  const schwer =
    "Die Einrichtung informiert die Teilnehmenden über die Verarbeitung personenbezogener Daten gemäß den gesetzlichen Bestimmungen.";
  expect(wienerSachtextformel([schwer])).toBeGreaterThan(12);
  expect(wienerSachtextformel(["Das Haus ist groß. Wir gehen nun alle dort hinein."])).toBeLessThan(2);
});
