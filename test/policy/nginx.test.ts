import { describe, expect, it } from "vitest";
import { aliasOf, directives, readNginx, serversOf } from "../../src/policy/nginx.ts";

const TEXT = `# a comment; with { signs }
http {
  server {
    listen 8080; server_name a.example b.example;
    add_header X "a; \\"b\\" { c }" always;
    location ~ "^/[a-z]{2}$" { return 404; }
    location = /x { alias '/etc/a b'; }
  }
}`;

describe("readNginx", () => {
  it("reads blocks, quotes and comments", () => {
    const tree = readNginx(TEXT) ?? [];
    expect(directives(tree, "add_header")[0]?.args).toEqual(["X", 'a; "b" { c }', "always"]);
    expect(directives(tree, "location").map(({ args }) => args)).toEqual([
      ["~", "^/[a-z]{2}$"],
      ["=", "/x"],
    ]);
    const [server] = serversOf(tree, "b.example");
    expect(server && aliasOf(server, "/x")).toBe("/etc/a b");
    expect(serversOf(tree, "c.example")).toEqual([]);
  });

  it.each(["http {", "}", "a", "a; }", "{ a; }", 'a "b;', "a {} b"])("does not read %s", (text) => {
    expect(readNginx(text)).toBeUndefined();
  });
});
