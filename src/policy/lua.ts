/** A part of `prosody.cfg.lua`: what is global, a host or a component, with its options as they are written. */
export interface Section {
  readonly kind: "global" | "VirtualHost" | "Component";
  readonly name: string;
  /** Of a component: which module it is. */
  readonly module: string;
  readonly options: Readonly<Record<string, string>>;
}

/**
 * The sections of a `prosody.cfg.lua` that consists of one-line options only. `undefined` for anything else:
 * the file is a program, and one that includes or computes cannot be judged.
 */
export function readProsody(text: string | undefined): Section[] | undefined {
  if (text === undefined) return undefined;
  let options: Record<string, string> = {};
  const sections: Section[] = [{ kind: "global", name: "", module: "", options }];
  for (const line of text.split("\n").filter((line) => line.trim() !== "")) {
    const [, kind, name = "", module = ""] = /^(VirtualHost|Component) "([^"\\]+)"(?: "([^"\\]+)")?$/.exec(line) ?? [];
    const [, option, value = ""] = /^\s*([a-z][a-z0-9_]*) = (.+)$/.exec(line) ?? [];
    if (kind) {
      options = {};
      sections.push({ kind: kind as Section["kind"], name, module, options });
    } else if (option) options[option] = value;
    else return undefined;
  }
  return sections;
}

/** The quoted strings in an option: `{ "a"; "b" }` gives a and b. */
export function strings(option: string | undefined): string[] {
  return [...(option ?? "").matchAll(/"([^"\\]*)"/g)].map(([, text = ""]) => text);
}
