import { describe, expect, it } from "vitest";
import { isOfAnotherMajor } from "../../src/controller/database-major.ts";
import type { LiveObject } from "../../src/manifest.ts";

const set = (image: string, name = "postgres") =>
  ({
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "greenriver-postgres" },
    spec: { template: { spec: { containers: [{ name, image }] } } },
  }) as unknown as LiveObject;

describe("a PostgreSQL of another major version", () => {
  it.each([
    ["docker.io/library/postgres:18.1", "docker.io/library/postgres:17.6", true],
    ["mirror.example:5000/postgres:18", "docker.io/library/postgres:17.6-trixie", true],
    ["postgres:18.1@sha256:abc", "postgres:17.6@sha256:def", true],
    ["postgres:16.3", "postgres:17.6", true],
    ["postgres:17.7", "postgres:17.6", false],
    ["mirror.example:5000/postgres", "postgres:17.6", false],
    ["postgres@sha256:abc", "postgres:17.6", false],
    ["postgres:latest", "postgres:17.6", false],
  ])("%s after %s: %s", (next, now, expected) => {
    expect(isOfAnotherMajor(set(next), set(now), 17)).toBe(expected);
  });

  it("is none where nothing runs yet, where the former one comes back, and in other programs", () => {
    expect(isOfAnotherMajor(set("postgres:18"), undefined, 17)).toBe(false);
    expect(isOfAnotherMajor(set("postgres:17"), set("postgres:18"), 17)).toBe(false);
    expect(isOfAnotherMajor(set("synapse:2", "synapse"), set("synapse:1", "synapse"), 17)).toBe(false);
  });
});
