import { remember, rememberText } from "../remember.ts";

/** One directive of an nginx configuration. */
export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  readonly block?: readonly Directive[];
}

const TOKEN = /\s+|#[^\n]*|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([{};])|((?:\\.|[^\s;{}"'])+)/gy;

/** An nginx configuration as a tree; `undefined` when it cannot be read. */
export function readNginx(text: string | undefined): readonly Directive[] | undefined {
  return text === undefined ? undefined : treeOf(text);
}

const treeOf = rememberText((text): readonly Directive[] | undefined => {
  const tokens = tokensOf(text);
  if (!tokens) return undefined;
  const top: Directive[] = [];
  const open: Directive[][] = [top];
  let words: string[] = [];
  for (const { text: token, sign } of tokens) {
    const [name, ...args] = words;
    if (!sign) words.push(token);
    else if (token === "}") {
      if (words.length > 0 || open.length === 1) return undefined;
      open.pop();
    } else {
      if (name === undefined) return undefined;
      const block: Directive[] = [];
      open.at(-1)?.push(token === "{" ? { name, args, block } : { name, args });
      if (token === "{") open.push(block);
      words = [];
    }
  }
  return open.length === 1 && words.length === 0 ? top : undefined;
});

function tokensOf(text: string): { text: string; sign: boolean }[] | undefined {
  const tokens: { text: string; sign: boolean }[] = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    const [all, double, single, sign, word] = match;
    end = match.index + all.length;
    const quoted = double ?? single;
    if (quoted !== undefined) tokens.push({ text: quoted.replaceAll(/\\(["'\\])/g, "$1"), sign: false });
    else if (sign) tokens.push({ text: sign, sign: true });
    else if (word) tokens.push({ text: word, sign: false });
  }
  return end === text.length ? tokens : undefined;
}

/** All directives of a name, at every depth. */
export function directives(tree: readonly Directive[], name?: string): readonly Directive[] {
  const all = everyDirective(tree);
  return name === undefined ? all : all.filter((directive) => directive.name === name);
}

const everyDirective = remember((tree: readonly Directive[]): readonly Directive[] =>
  tree.flatMap((directive) => [directive, ...(directive.block ? everyDirective(directive.block) : [])]),
);

/** The servers that answer for a host. */
export function serversOf(tree: readonly Directive[], host: string): (Directive & { block: readonly Directive[] })[] {
  return directives(tree, "server").flatMap((server) => {
    const names = server.block?.find(({ name }) => name === "server_name")?.args ?? [];
    return server.block && names.includes(host) ? [{ ...server, block: server.block }] : [];
  });
}

/** What a location is matched by: `= /config.js`, `/`, `~ ^/x$`. */
export function matchOf(location: Directive): string {
  return location.args.join(" ");
}

/** The file that an exact location of a server serves. */
export function aliasOf(server: Directive, path: string): string | undefined {
  const location = server.block?.find(({ name, args }) => name === "location" && args.join(" ") === `= ${path}`);
  return location?.block?.find(({ name }) => name === "alias")?.args[0];
}
