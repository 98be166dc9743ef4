import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEFAULT_IMAGES } from "../../src/versions.ts";
import { digestOf, parseImage } from "../../tools/registry.ts";

const DIGEST = `sha256:${"ab".repeat(32)}`;

describe("image references", () => {
  it.each(Object.values(DEFAULT_IMAGES))("%s names its registry, repository and tag", (image) => {
    const { registry, repository, tag } = parseImage(image);
    expect(registry).toMatch(/\./);
    expect(repository).toMatch(/\//);
    expect(tag).not.toBe("latest");
  });

  it("knows a digest, and refuses a name without a registry", () => {
    expect(parseImage(`registry.example/a/b:1@${DIGEST}`).digest).toBe(DIGEST);
    expect(() => parseImage("postgres:17")).toThrow("names no registry");
  });
});

describe("a registry that asks for a token", () => {
  let server: Server;
  let host: string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url?.startsWith("/token")) {
        const scope = new URL(request.url, "http://registry").searchParams.get("scope");
        return response.end(JSON.stringify({ token: `for ${scope}` }));
      }
      if (request.headers.authorization !== "Bearer for repository:a/b:pull") {
        const challenge = `Bearer realm="http://${host}/token",service="registry",scope="repository:a/b:pull"`;
        return response.writeHead(401, { "www-authenticate": challenge }).end();
      }
      const known = request.url === "/v2/a/b/manifests/1";
      return response.writeHead(known ? 200 : 404, known ? { "docker-content-digest": DIGEST } : {}).end();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server.close());

  it("tells the digest of a tag", async () => {
    expect(await digestOf(`${host}/a/b:1`, "http")).toBe(DIGEST);
  });

  it("says that a tag is not there", async () => {
    await expect(digestOf(`${host}/a/b:2`, "http")).rejects.toThrow("answered 404");
  });
});
