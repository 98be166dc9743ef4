import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { edgePolicies } from "../../src/entry/kit/chromium.ts";
import { kitFiles } from "../../src/entry/kit/files.ts";
import { kitRoutes } from "../../src/entry/kit/routes.ts";
import { telling } from "./support/telling.ts";
import { someSite } from "./support/gallery.ts";

const site = someSite("en");
const app = new Hono().route(
  "/kit",
  kitRoutes(() => site),
);
const files = Object.values(kitFiles(site));

describe("the kit", () => {
  it.each(files)("offers $name as a download whose hash is on the page", async ({ name, text, sha256 }) => {
    const answer = await app.request(`/kit/${name}`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-disposition")).toBe(`attachment; filename="${name}"`);
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect(bytes.toString()).toBe(text);
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(sha256);
    const page = await (await app.request("/kit")).text();
    expect(page).toContain(`href="/kit/${name}"`);
    expect(page).toContain(`<code>${sha256}</code>`);
  });

  it("has nothing else", async () => {
    for (const path of ["/kit/files.ts", "/kit/..%2f..%2fassets.ts", "/kit/__proto__"]) {
      expect((await app.request(path)).status).toBe(404);
    }
  });

  it("is made for the practice's hosts, and neutral in what it says", () => {
    const other = kitFiles(someSite("en", { hosts: { entry: "a.example", meet: "b.example", chat: "c.example" } }));
    for (const name of ["policies.json", "chrome.json", "edge.json", "ublock.txt"] as const) {
      expect(other[name].text).toContain("b.example");
      expect(other[name].text).not.toContain("greenriver");
    }
    // Names in the policies are the browsers' own.
    const ours = files.filter(({ name }) => !name.endsWith(".json"));
    expect(telling(ours.map(({ text }) => text).join("\n"))).toEqual([]);
  });
});

it("edge.json names only policies of Microsoft's list", () => {
  const list = readFileSync("test/entry/kit/edge-policies.txt", "utf8").split("\n");
  expect(list.length).toBeGreaterThan(500);
  expect(Object.keys(edgePolicies(site)).filter((name) => !list.includes(name))).toEqual([]);
});
