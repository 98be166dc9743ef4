/** Lua source as text. Made by `lua()` or the renderers of this file, never from a value. */
export interface LuaSource {
  readonly source: string;
}

export function lua(source: string): LuaSource {
  return { source };
}

type LuaValue = string | number | boolean | LuaSource | readonly LuaValue[] | { readonly [key: string]: LuaValue };

/**
 * A value as Lua 5.4 source. Strings are quoted byte by byte: everything but plain characters is written as
 * `\xXX` of its UTF-8 bytes, so no string can end early or start a new line.
 */
export function luaValue(value: LuaValue): string {
  if (typeof value === "string") return luaString(value);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (isList(value)) return `{ ${value.map(luaValue).join("; ")} }`;
  if (isSource(value)) return value.source;
  const entries = Object.entries(value).map(([key, item]) => `[${luaString(key)}] = ${luaValue(item)}`);
  return `{ ${entries.join("; ")} }`;
}

/** `name = value` lines. Names are ours. */
export function luaAssignments(options: Readonly<Record<string, LuaValue>>, indent = ""): string {
  return Object.entries(options)
    .map(([name, value]) => `${indent}${name} = ${luaValue(value)}\n`)
    .join("");
}

function luaString(text: string): string {
  const bytes = [...new TextEncoder().encode(text)];
  return `"${bytes.map(luaByte).join("")}"`;
}

function luaByte(byte: number): string {
  const character = String.fromCharCode(byte);
  return /[-A-Za-z0-9 _.,:;/@+*=()%~!?&#$^|<>{}[\]']/.test(character)
    ? character
    : `\\x${byte.toString(16).padStart(2, "0")}`;
}

function isList(value: LuaValue): value is readonly LuaValue[] {
  return Array.isArray(value);
}

function isSource(value: LuaSource | { readonly [key: string]: LuaValue }): value is LuaSource {
  return Object.keys(value).length === 1 && typeof (value as LuaSource).source === "string";
}
