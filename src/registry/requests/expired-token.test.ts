import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { registryError, reply, startScriptedServer, type SeenRequest } from "../../../test/support/scripted-server.ts";
import { createTestClock } from "../../../test/support/test-clock.ts";
import { sha256 } from "../../oci/digest.ts";
import { parseReference } from "../../oci/reference.ts";
import { createRegistryClient, type RegistryClient } from "../client.ts";
import { anonymous } from "../credentials/credentials.ts";

const content = Buffer.from(Array.from({ length: 400_000 }, (_, index) => index % 251));
const blob = { digest: sha256(content), size: content.length, open: async function* (start: number) { yield content.subarray(start); } };
const open = (): RegistryClient => createRegistryClient({ credentials: anonymous, environment: {}, clock: createTestClock() });

/** A registry whose tokens are good for so many requests each, though they promise an hour. */
function shortLived(uses: number, script: (request: SeenRequest, response: ServerResponse) => void) {
  let token = 0;
  let left = 0;
  return startScriptedServer((request, response) => {
    if (request.url.startsWith("/token")) {
      left = uses;
      return reply(response, 200, {}, { token: `token-${(token += 1)}`, expires_in: 3600 });
    }
    if (request.headers.authorization !== `Bearer token-${token}` || left === 0) {
      const realm = `http://${request.headers.host}/token`;
      return reply(response, 401, { "www-authenticate": `Bearer realm="${realm}",service="s",error="invalid_token"` }, registryError("UNAUTHORIZED", "expired"));
    }
    left -= 1;
    script(request, response);
  });
}

test("a pull whose token ends in the middle of a blob goes on behind what it has, with a new one", async () => {
  const ranges: (string | undefined)[] = [];
  await using server = await shortLived(1, ({ headers }, response) => {
    ranges.push(headers.range);
    const start = Number(/\d+/.exec(headers.range ?? "0")![0]);
    response.writeHead(start > 0 ? 206 : 200, { "content-length": content.length - start, ...(start > 0 ? { "content-range": `bytes ${start}-${content.length - 1}/${content.length}` } : {}) });
    response.write(content.subarray(start, start + 150_000), () => (start + 150_000 < content.length ? response.destroy() : response.end()));
  });
  await using client = open();
  const chunks: Uint8Array[] = [];
  for await (const chunk of client.blobGet(parseReference(`${server.host}/a`), blob)) chunks.push(chunk);
  assert.ok(Buffer.concat(chunks).equals(content));
  assert.deepEqual(ranges, [undefined, "bytes=150000-", "bytes=300000-"]);
  assert.equal(server.requests.filter(({ url }) => url.startsWith("/token")).length, 3);
});

test("a push whose token ends before the bytes, between them and before the end gets a new one each time", async () => {
  const done: string[] = [];
  await using server = await shortLived(1, ({ method, url, body, headers }, response) => {
    done.push(`${method} ${body.length}`);
    if (method === "POST") return reply(response, 202, { location: "/up/1" });
    if (method === "HEAD") return reply(response, 404);
    if (method === "GET") return reply(response, 204, { location: "/up/1", range: "0-99999" });
    if (method === "PATCH") return reply(response, 202, { location: "/up/1" });
    if (url.startsWith("/up/1") && headers["content-length"] !== "0") return reply(response, 503);
    reply(response, 201);
  });
  await using client = open();
  await client.blobPut(parseReference(`${server.host}/a`), blob);
  assert.deepEqual(done, ["POST 0", "PUT 400000", "HEAD 0", "GET 0", "PATCH 300000", "PUT 0"]);
});

test("a login that is not taken any more ends a push with its fault, not with attempts without end", async () => {
  await using server = await startScriptedServer(({ url, method, headers }, response) => {
    if (url.startsWith("/token")) return reply(response, 200, {}, { token: "token" });
    if (headers.authorization !== undefined && method === "POST") return reply(response, 202, { location: "/up/1" });
    reply(response, 401, { "www-authenticate": `Bearer realm="http://${headers.host}/token",service="s"` });
  });
  await using client = open();
  await assert.rejects(client.blobPut(parseReference(`${server.host}/a`), blob), /wants a login/);
  // With a new token once, and once more from the beginning, as the registry may have kept a part.
  const puts = server.requests.filter(({ method }) => method === "PUT").length;
  assert.ok(puts <= 4 && server.requests.length < 15, `${puts} of ${server.requests.length} requests send the blob`);
});
