import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { assetRoutes } from "../../src/entry/assets.ts";
import { assetPath } from "../../src/entry/assets/files.ts";

const get = (path: string) => assetRoutes().request(path.replace(/^\/assets/, ""));

describe("style and scripts", () => {
  it("are kept for a year under a name that changes with them", async () => {
    const answer = await get(assetPath("style.css"));
    expect(answer.status).toBe(200);
    expect(answer.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect(answer.headers.get("content-type")).toBe("text/css; charset=utf-8");
    expect(await answer.text()).toBe(readFileSync("src/entry/assets/style.css", "utf8"));
  });

  it("are not found under another name", async () => {
    for (const path of [
      "/assets/0000000000000000/style.css",
      assetPath("join.js").replace("join.js", "..%2fassets.ts"),
    ]) {
      expect((await get(path)).status).toBe(404);
    }
    expect(() => assetPath("nothing.js")).toThrow("There is no nothing.js in src/entry/assets.");
  });

  it("import only each other", async () => {
    for (const file of ["check.js", "own.js", "desk.js", "made.js", "times.js", "join.js", "forget.js"]) {
      const text = await (await get(assetPath(file))).text();
      for (const [, from = ""] of text.matchAll(/from "([^"]*)"/g)) {
        expect((await get(assetPath(from.replace(/^\.\//, "")))).status).toBe(200);
      }
    }
  });
});

it("the check and the guard of the meeting page answer alike which browsers fit", () => {
  const lacking = (file: string) => {
    const code = readFileSync(file, "utf8");
    const from = code.indexOf("export function lacking()");
    return code.slice(from, code.indexOf("\n}\n", from));
  };
  const guard = lacking("src/components/jitsi/assets/guard/media.js");
  expect(guard).toContain("createEncodedStreams");
  expect(lacking("src/entry/assets/able.js")).toBe(guard);
});
