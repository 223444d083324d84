import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { digestOf, scratchRegistry } from "../../test/support/scratch-registry.ts";
import { noMounts, smallDisk } from "../../test/support/small-disk.ts";
import { isFault } from "../std/fault.ts";
import { Database } from "../store/database.ts";
import { serveRegistry } from "./serve-registry.ts";

const scratch = (): string => mkdtempSync(join(tmpdir(), "sampan-registry-"));

test("it listens on loopback of both families and says where", async (context) => {
  const registry = await scratchRegistry(context);
  assert.match(registry.address, /^127\.0\.0\.1:\d+$/);
  const six = await scratchRegistry(context, { listen: "[::1]:0" }).catch((error: unknown) => {
    assert.ok(isFault(error, "SERVER_LISTEN_FAILED")); // a machine without IPv6
    return undefined;
  });
  if (six) assert.match(six.address, /^\[::1\]:\d+$/);
});

test("without access control it refuses an address that others reach, unless that is accepted", async (context) => {
  const root = scratch();
  context.after(() => rmSync(root, { recursive: true }));
  await assert.rejects(serveRegistry({ listen: "0.0.0.0:0", root: join(root, "x") }), (error) => isFault(error, "SERVER_WITHOUT_ACCESS_CONTROL") && error.hint !== undefined);
  assert.equal(existsSync(join(root, "x")), false);
  await (await serveRegistry({ listen: "0.0.0.0:0", root: join(root, "x"), anonymous: true })).close();
});

test("a port in use, a folder in use and a folder that cannot be one are faults, and nothing stays claimed", async (context) => {
  const registry = await scratchRegistry(context);
  const root = scratch();
  context.after(() => rmSync(root, { recursive: true }));
  await assert.rejects(serveRegistry({ listen: registry.address, root }), (error) => isFault(error, "SERVER_LISTEN_FAILED"));
  await assert.rejects(serveRegistry({ listen: "127.0.0.1:0", root: registry.root }), (error) => isFault(error, "SERVER_ROOT_BUSY"));
  writeFileSync(join(root, "file"), "");
  await assert.rejects(serveRegistry({ listen: "127.0.0.1:0", root: join(root, "file") }), (error) => isFault(error, "SERVER_ROOT_UNUSABLE"));
  await (await serveRegistry({ listen: "127.0.0.1:0", root })).close();
});

test("a folder of a newer layout is left alone", async (context) => {
  const root = scratch();
  context.after(() => rmSync(root, { recursive: true }));
  writeFileSync(join(root, "layout.json"), '{"sampanRegistryLayout":3}');
  await assert.rejects(serveRegistry({ listen: "127.0.0.1:0", root }), (error) => isFault(error, "SERVER_ROOT_UNUSABLE"));
  assert.equal(existsSync(join(root, "lock")), false);
});

test("what a crash left unfinished is removed at the next start", async (context) => {
  const root = scratch();
  context.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, "temporary"));
  writeFileSync(join(root, "temporary", "draft"), "half");
  await (await serveRegistry({ listen: "127.0.0.1:0", root })).close();
  assert.deepEqual(readdirSync(join(root, "temporary")), []);
});

test("hostile paths get 400 or 404 with a JSON body and touch nothing outside the folder", async (context) => {
  const registry = await scratchRegistry(context);
  const names = ["..", "../..", "../../etc", "a/../../b", "%2e%2e", "%2e%2e%2f%2e%2e", "a%2f..%2fb", "a%00b", "A", "a//b", "a/", "-a", "_blobs", "a/_tags", "%ff", "a%", "a".repeat(256), `${"a/".repeat(200)}a`, "a\\b".replace("\\", "%5c"), "a%0d%0ab", "ünder".replace("ü", "%C3%BC")];
  const digest = digestOf("x");
  for (const name of names) {
    for (const [method, tail] of [["GET", "tags/list"], ["GET", `blobs/${digest}`], ["POST", "blobs/uploads/"], ["POST", `blobs/uploads/?mount=${digest}`], ["PUT", "manifests/v1"], ["DELETE", `blobs/${digest}`], ["PATCH", "blobs/uploads/../../x"]] as const) {
      const answer = await registry.request(method, `/v2/${name}/${tail}`, method === "PUT" ? { body: "{}" } : {});
      assert.ok([400, 404, 405].includes(answer.status), `${method} ${name} ${tail}: ${answer.status}`);
      answer.code();
    }
  }
  assert.deepEqual(readdirSync(registry.root).sort(), ["blobs", "layout.json", "lock", "registry.db", "registry.db-shm", "registry.db-wal", "temporary"]);
  assert.deepEqual((await registry.request("GET", "/v2/_catalog")).json(), { repositories: [] });
  assert.deepEqual(readdirSync(join(registry.root, "temporary")), []);
  assert.deepEqual(registry.problems, []);
});

test("every refusal has a JSON body, also those of the HTTP parser", async (context) => {
  const registry = await scratchRegistry(context, { settings: { headerLimit: 8192 } });
  const cases: [request: string, status: number][] = [
    ["GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404],
    ["OPTIONS /v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405],
    ["GET /v2/ HTTP/1.1\r\nConnection: close\r\n\r\n", 400],
    ["nonsense\r\n\r\n", 400],
    [`GET /v2/ HTTP/1.1\r\nHost: x\r\nX: ${"a".repeat(10_000)}\r\n\r\n`, 431],
    [`GET /v2/${"a".repeat(10_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431],
    ["POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400],
    ["POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400],
    ["GET /v2/ HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\nConnection: close\r\n\r\n", 417],
    [`POST /v2/a/blobs/uploads/?digest=${digestOf("x")} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`, 400],
  ];
  for (const [request, status] of cases) {
    const answer = await registry.raw(request);
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), request.slice(0, 60));
    assert.match(answer, /\r\ncontent-type: application\/json\r\n/i, request.slice(0, 60));
    assert.ok(JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4)).errors[0].code, request.slice(0, 60));
  }
  assert.deepEqual(registry.problems, []);
});

test("the absolute form of a target is understood", async (context) => {
  const registry = await scratchRegistry(context);
  assert.match(await registry.raw("GET http://registry.example.com/v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), /^HTTP\/1\.1 200 /);
});

test("garbage behind a request does not break into the answer to it", async (context) => {
  const registry = await scratchRegistry(context);
  const digest = await registry.pushBlob("app", Buffer.alloc(4_000_000, "z"));
  const answer = await registry.raw(`GET /v2/app/blobs/${digest} HTTP/1.1\r\nHost: x\r\n\r\ngarbage\r\n\r\n`);
  assert.ok(!answer.includes("REQUEST_INVALID") || !answer.includes("zz"));
});

test("a page of another web site pushes nothing", async (context) => {
  const registry = await scratchRegistry(context);
  const post = async (origin: string): Promise<number> =>
    (await registry.request("POST", `/v2/app/blobs/uploads/?digest=${digestOf("x")}`, { headers: { origin, "content-type": "text/plain" }, body: "x" })).status;
  assert.deepEqual([await post("https://evil.example"), await post("null"), await post(`http://${registry.address}`)], [403, 403, 201]);
  // Its name may have been given the address of this machine, and is then a site of its own to the browser.
  const rebound = { host: `evil.example:${registry.port}`, origin: `http://evil.example:${registry.port}`, "x-sampan-request": "1" };
  for (const [method, path] of [["GET", "/v2/_catalog"], ["GET", "/api/v1/repositories"], ["POST", "/api/v1/retention/apply"], ["POST", "/v2/app/blobs/uploads/"], ["GET", "/ui/"], ["GET", "/metrics"]] as const) {
    const refused = await registry.request(method, path, { headers: rebound });
    assert.deepEqual([refused.status, /externalUrl/.test(refused.body.toString())], [403, true], path);
  }
  for (const path of ["/v2/", "/metrics"]) assert.equal((await registry.request("GET", path, { headers: { host: `localhost:${registry.port}` } })).status, 200, path);
});

test("a refusal reaches a client that is still sending", async (context) => {
  const registry = await scratchRegistry(context);
  const body = Buffer.alloc(20_000_000);
  assert.equal((await registry.request("PATCH", "/v2/app/blobs/uploads/unknown", { body })).code(), "BLOB_UPLOAD_UNKNOWN");
  assert.equal((await registry.request("PUT", "/v2/app/manifests/v1", { body })).status, 413);
});

test("clients that send nothing more are dropped, and the server goes on", async (context) => {
  const registry = await scratchRegistry(context, { settings: { idleTimeout: 1000, headersTimeout: 1000 } });
  const location = await registry.openUpload("app");
  const upload = connect(registry.port, "127.0.0.1", () => upload.write(`PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhello`));
  const headers = connect(registry.port, "127.0.0.1", () => headers.write("GET /v2/ HTTP/1.1\r\nHost: "));
  const closed = [upload, headers].map((socket) => new Promise((resolve) => socket.resume().on("close", resolve).on("error", resolve)));
  await Promise.all(closed);
  await registry.waitForRange(location, "0-4");
  assert.deepEqual(registry.problems, []);
});

test("a client that stops reading is dropped", async (context) => {
  const dropped = Promise.withResolvers<number>();
  const registry = await scratchRegistry(context, { settings: { idleTimeout: 1000 }, onRequest: ({ method, milliseconds }) => method === "GET" && dropped.resolve(milliseconds) });
  const digest = await registry.pushBlob("app", Buffer.alloc(30_000_000, "z"));
  const socket = connect(registry.port, "127.0.0.1", () => socket.write(`GET /v2/app/blobs/${digest} HTTP/1.1\r\nHost: x\r\n\r\n`));
  socket.pause();
  context.after(() => socket.destroy());
  assert.ok((await dropped.promise) >= 900);
  assert.deepEqual(registry.problems, []);
});

test("clients that stop in the middle of their downloads are dropped, each of them", async (context) => {
  const registry = await scratchRegistry(context, { settings: { idleTimeout: 1000 } });
  const digest = await registry.pushBlob("app", Buffer.alloc(30_000_000, "z"));
  const sockets = Array.from({ length: 20 }, () => {
    const socket = connect(registry.port, "127.0.0.1", () => socket.write(`GET /v2/app/blobs/${digest} HTTP/1.1\r\nHost: x\r\n\r\n`));
    socket.once("data", () => socket.pause());
    context.after(() => socket.destroy());
    // On a busy machine one may be dropped before its first byte.
    return { socket, closed: new Promise<void>((resolve) => socket.on("close", resolve).on("error", () => undefined)) };
  });
  await wait(3000);
  // Only who reads on learns that the other side is gone.
  for (const { socket } of sockets) socket.resume();
  await Promise.all(sockets.map(({ closed }) => closed));
  const closed = sockets.filter(({ socket }) => socket.bytesRead < 30_000_000).length;
  assert.equal(closed, sockets.length);
});

test("a client that leaves in the middle of a download does no harm", async (context) => {
  const registry = await scratchRegistry(context);
  const digest = await registry.pushBlob("app", Buffer.alloc(8_000_000, "z"));
  for (let round = 0; round < 5; round += 1) {
    await new Promise<void>((resolve) => {
      const socket = connect(registry.port, "127.0.0.1", () => socket.write(`GET /v2/app/blobs/${digest} HTTP/1.1\r\nHost: x\r\n\r\n`));
      socket.once("data", () => socket.destroy()).on("close", () => resolve());
    });
  }
  assert.equal((await registry.request("GET", `/v2/app/blobs/${digest}`)).body.length, 8_000_000);
  assert.deepEqual(registry.problems, []);
});

test("a full disk gives 507 with a JSON body, the partial upload is removed, and small things still work", { skip: noMounts }, async (context) => {
  const registry = await scratchRegistry(context, { root: smallDisk(context, "2m") });
  const { digest } = await registry.pushImage("app", "v1");
  const body = Buffer.alloc(5_000_000, "f");
  const location = await registry.openUpload("app");
  for (const [method, path] of [["PATCH", location], ["POST", `/v2/app/blobs/uploads/?digest=${digestOf(body)}`], ["PUT", `${await registry.openUpload("app")}?digest=${digestOf(body)}`]] as const) {
    const refused = await registry.request(method, path, { body });
    assert.deepEqual([refused.status, refused.code()], [507, "STORAGE_FULL"]);
    assert.deepEqual(readdirSync(join(registry.root, "temporary")), []);
  }
  assert.equal((await registry.request("GET", location)).status, 404);
  assert.equal((await registry.request("GET", "/v2/app/manifests/v1")).headers["docker-content-digest"], digest);
  await registry.pushImage("app", "v2", "another");
});

test("a database that another process holds for long gives 503 with a time to come back", async (context) => {
  const registry = await scratchRegistry(context);
  const holder = new Database(join(registry.root, "registry.db"));
  context.after(() => holder.close());
  holder.exec("BEGIN IMMEDIATE");
  context.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  const pushing = registry.request("POST", `/v2/app/blobs/uploads/?digest=${digestOf("x")}`, { body: "x" });
  const later = setInterval(() => context.mock.timers.tick(5000), 50);
  context.after(() => clearInterval(later));
  const refused = await pushing;
  assert.deepEqual([refused.status, refused.code(), refused.headers["retry-after"]], [503, "UNAVAILABLE", "5"]);
  holder.exec("ROLLBACK");
  await registry.pushBlob("app", "x");
});

test("onRequest tells what was asked and answered", async (context) => {
  const seen: string[] = [];
  const registry = await scratchRegistry(context, { onRequest: ({ method, url, status }) => seen.push(`${method} ${url} ${status}`) });
  await registry.request("GET", "/v2/?x=1");
  await registry.request("GET", "/nothing");
  await wait(20);
  assert.deepEqual(seen, ["GET /v2/?x=1 200", "GET /nothing 404"]);
});

test("close waits for requests that run, and nothing is left behind", async (context) => {
  const registry = await scratchRegistry(context);
  const location = await registry.openUpload("app");
  await registry.request("PATCH", location, { body: "half" });
  const pushing = registry.pushBlob("app", Buffer.alloc(3_000_000));
  await wait(5);
  await Promise.all([registry.server.close(), pushing.catch(() => undefined)]);
  assert.deepEqual(readdirSync(join(registry.root, "temporary")), []);
  assert.equal(existsSync(join(registry.root, "lock")), false);
});
