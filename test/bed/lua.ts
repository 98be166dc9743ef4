import { readdirSync } from "node:fs";
import { join } from "node:path";
import { unpackedPackages } from "../apps/support/debian.ts";
import { run } from "./run.ts";

/**
 * Argo CD runs scripts with the object as the global `obj`, and with no library but the base functions, `table` and a
 * part of `os` (argo-cd, util/lua/lua.go: runLua). Anything else is missing here too, so a script that uses it fails.
 */
const ARGO = `
local cjson = require("cjson")
local given = cjson.decode(io.read("*a"))
getmetatable("").__index = nil
local libraries = { table = table, os = { time = os.time, date = os.date }, obj = given.obj }
for _, name in ipairs({ "assert", "error", "ipairs", "next", "pairs", "pcall", "select", "tonumber", "tostring", "type", "unpack" }) do
  libraries[name] = _G[name]
end
local chunk = assert(loadstring(given.script, "=script"))
setfenv(chunk, libraries)
io.write(cjson.encode(chunk()))
`;

/** Fetches the distribution's Lua 5.1 with a JSON library; returns the folder of its packages. */
export function provisionLua(): Promise<string> {
  return unpackedPackages("lua5.1", ["lua5.1", "lua-cjson"]);
}

/** Runs a script of Argo CD's under Lua 5.1 and returns what it returns. */
export async function argoScript<T>(script: string, obj: unknown): Promise<T> {
  const root = await provisionLua();
  const libraries = join(root, "usr", "lib");
  const folders = readdirSync(libraries).map((machine) => join(libraries, machine, "lua", "5.1", "?.so"));
  const env = { LUA_CPATH: folders.join(";"), LUA_INIT: "" };
  const input = JSON.stringify({ script, obj });
  return JSON.parse(await run(join(root, "usr", "bin", "lua5.1"), ["-e", ARGO], { env, input })) as T;
}
