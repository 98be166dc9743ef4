import { describe, expect, it } from "vitest";
import { isProven } from "../../../src/practice/app-versions.ts";
import { DEFAULT_IMAGES } from "../../../src/versions.ts";

describe("the versions of the web app on which the guard was seen to work", () => {
  it("hold the release's own, from any registry and with a digest", () => {
    const digest = `@sha256:${"ab".repeat(32)}`;
    for (const image of [
      DEFAULT_IMAGES.jitsiWeb,
      "mirror.example:5000/web:stable-11146-1",
      `web:stable-11146-1${digest}`,
    ])
      expect(isProven(image), image).toBe(true);
  });

  it.each([
    "web",
    "web:latest",
    "web:stable-11146",
    "stable-11146-1",
    "web:stable-11146-1-fork",
    `web@sha256:${"ab".repeat(32)}`,
  ])("do not hold %s", (image) => expect(isProven(image)).toBe(false));
});
