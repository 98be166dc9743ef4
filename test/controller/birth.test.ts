import { expect, it } from "vitest";
import { knownBirth } from "../../src/controller/birth.ts";
import type { LiveObject } from "../../src/manifest.ts";
import { namesOf } from "../../src/practice/names.ts";
import type { Cache } from "../../src/runtime/cluster.ts";

// A start leaves out the data of what somebody calls a component.
it("of an identity that was not read nothing is known, not even a port", () => {
  const known = (data?: object) => {
    const get = () => ({ metadata: { name: namesOf("greenriver").identity }, data }) as unknown as LiveObject;
    return knownBirth({ get } as unknown as Cache, "green", "greenriver");
  };
  const data = { serverName: "chat.example", mediaPort: "30100", postgresMajor: "17", "secret.entry": "3" };
  expect(known(data).identity).toEqual({ serverName: "chat.example", mediaPort: 30_100, postgresMajor: 17 });
  expect(known(data).secrets.entry).toBe("greenriver-entry-3");
  expect(known()).not.toHaveProperty("identity");
  expect(known().secrets.entry).toBe("greenriver-entry-1");
});
