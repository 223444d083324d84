import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdirSync, writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { digestOf, scratchRegistry, type Answer, type ScratchRegistry } from "../../test/support/scratch-registry.ts";
import { warmCarriers } from "../../test/support/warm-carriers.ts";
import { haveLibc } from "../linux/libc.ts";
import type { RequestEntry } from "./notify/request-entry.ts";

const MEBIBYTE = 1024 * 1024;
const skip = !haveLibc() && "C functions cannot be called here";

/** Opens a session and puts all bytes with the closing request. */
async function push(registry: ScratchRegistry, content: Uint8Array, digest = digestOf(content)): Promise<Answer> {
  const location = await registry.openUpload("app", digest.startsWith("sha512") ? "?digest-algorithm=sha512" : "");
  return registry.request("PUT", `${location}?digest=${digest}`, { body: content, headers: { Connection: "keep-alive" } }); // the answer says "close" where bytes came past node:http
}

test("large blobs come and go past node:http whole, by every algorithm and by part, many at once", { skip }, async (context) => {
  const entries: RequestEntry[] = [];
  const registry = await scratchRegistry(context, { onRequest: (entry) => entries.push(entry) });
  await warmCarriers(registry, randomBytes(12 * MEBIBYTE));
  const contents = [MEBIBYTE, 600_000, 5 * MEBIBYTE + 1, 9 * MEBIBYTE - 1].map((size) => randomBytes(size));
  await Promise.all(contents.flatMap((content) => (["sha256", "sha512"] as const).map(async (algorithm) => {
    const digest = digestOf(content, algorithm);
    const pushed = await push(registry, content, digest);
    assert.deepEqual([pushed.status, pushed.headers.connection], [201, "close"]);
    for (let round = 0; round < 3; round += 1) {
      const got = await registry.request("GET", `/v2/app/blobs/${digest}`);
      assert.deepEqual([got.status, got.headers["content-length"], digestOf(got.body, algorithm)], [200, String(content.length), digest]);
    }
    const part = await registry.request("GET", `/v2/app/blobs/${digest}`, { headers: { Range: `bytes=1000-${content.length - 2}` } });
    assert.equal(part.status, 206);
    assert.ok(part.body.equals(content.subarray(1000, content.length - 1)));
  })));
  assert.deepEqual(readdirSync(join(registry.root, "temporary")), []);
  assert.deepEqual(registry.problems, []);
  const put = entries.find(({ method, received }) => method === "PUT" && received > 9 * MEBIBYTE - 2);
  assert.ok(put, "the figures count what came past node:http");
});

test("one connection gets blob after blob", { skip }, async (context) => {
  const registry = await scratchRegistry(context);
  await warmCarriers(registry, randomBytes(12 * MEBIBYTE));
  const content = randomBytes(3 * MEBIBYTE);
  const digest = digestOf(content);
  await push(registry, content);
  let received = 0;
  const socket = connect(registry.port, "127.0.0.1");
  const asked = `GET /v2/app/blobs/${digest} HTTP/1.1\r\nHost: x\r\n`;
  socket.write(`${asked}\r\n${asked}\r\n${asked}Connection: close\r\n\r\n`);
  for await (const chunk of socket) received += (chunk as Buffer).length;
  assert.ok(received > 3 * content.length && received < 3 * content.length + 3000, String(received));
});

test("a wrong digest is refused, and what broke off goes on either way", { skip }, async (context) => {
  const registry = await scratchRegistry(context);
  await warmCarriers(registry, randomBytes(12 * MEBIBYTE));
  const content = randomBytes(3 * MEBIBYTE);
  assert.equal((await push(registry, content, digestOf("other"))).code(), "DIGEST_INVALID");
  for (const next of [100_000, 2 * MEBIBYTE]) {
    const location = await registry.openUpload("app");
    const half = await registry.request("PATCH", location, { body: content.subarray(0, MEBIBYTE), headers: { Connection: "keep-alive" } });
    assert.deepEqual([half.status, half.headers.range, half.headers.connection], [202, `0-${MEBIBYTE - 1}`, "close"]);
    // The connection breaks in the middle of the next part.
    const socket = connect(registry.port, "127.0.0.1");
    socket.write(`PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: ${2 * MEBIBYTE}\r\n\r\n`);
    socket.end(content.subarray(MEBIBYTE, MEBIBYTE + 900_000));
    await registry.waitForRange(location, `0-${MEBIBYTE + 900_000 - 1}`);
    const position = MEBIBYTE + 900_000;
    await registry.request("PATCH", location, { body: content.subarray(position, position + Math.min(next, content.length - position)) });
    const rest = Number((await registry.request("GET", location)).headers.range!.split("-")[1]) + 1;
    assert.equal((await registry.request("PUT", `${location}?digest=${digestOf(content)}`, { body: content.subarray(rest) })).status, 201);
  }
  assert.deepEqual(registry.problems, []);
});

test("clients that stand still are dropped, whichever way", { skip }, async (context) => {
  const entries: RequestEntry[] = [];
  const registry = await scratchRegistry(context, { settings: { idleTimeout: 4000 }, onRequest: (entry) => entries.push(entry) });
  await warmCarriers(registry, randomBytes(12 * MEBIBYTE));
  const content = randomBytes(20 * MEBIBYTE);
  await push(registry, content);
  const location = await registry.openUpload("app");
  const silent = connect(registry.port, "127.0.0.1", () => silent.write(`PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: ${MEBIBYTE}\r\n\r\nhello`));
  const deaf = connect(registry.port, "127.0.0.1", () => deaf.write(`GET /v2/app/blobs/${digestOf(content)}?deaf HTTP/1.1\r\nHost: x\r\n\r\n`));
  context.after(() => deaf.destroy());
  deaf.on("error", () => undefined).pause();
  await new Promise((resolve) => silent.on("error", () => undefined).on("close", resolve).resume());
  await registry.waitForRange(location, "0-4");
  const ended = (): RequestEntry | undefined => entries.find(({ url }) => url.endsWith("?deaf"));
  for (let round = 0; round < 1000 && !ended(); round += 1) await wait(20);
  assert.ok(ended()!.sent < content.length, String(ended()?.sent));
  assert.deepEqual(registry.problems, []);
});

test("a believed server in front is told the file, and others get the bytes", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "sampan-redirect-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, "registry.yaml");
  const redirect = "internalRedirect: {header: X-Accel-Redirect, path: /registry-blobs/}\n";
  writeFileSync(config, `trustedProxies: [127.0.0.1]\n${redirect}`);
  const registry = await scratchRegistry(context, { config });
  const digest = await registry.pushBlob("app", "layer");
  const told = await registry.request("GET", `/v2/app/blobs/${digest}`, { headers: { Range: "bytes=1-2" } });
  assert.deepEqual([told.status, told.body.length, told.headers["x-accel-redirect"], told.headers["docker-content-digest"]], [200, 0, `/registry-blobs/sha256/${digest.slice(7)}`, digest]);
  assert.equal((await registry.request("HEAD", `/v2/app/blobs/${digest}`)).headers["content-length"], "5");
  assert.equal((await registry.request("GET", `/v2/app/blobs/${digestOf("missing")}`)).status, 404);
  writeFileSync(config, `trustedProxies: [192.0.2.1]\n${redirect}`);
  const direct = await scratchRegistry(context, { config });
  const got = await direct.request("GET", `/v2/app/blobs/${await direct.pushBlob("app", "layer")}`);
  assert.deepEqual([got.body.toString(), got.headers["x-accel-redirect"]], ["layer", undefined]);
});
