import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { basic, guardedRegistry } from "../../../test/support/guarded-registry.ts";
import { digestOf, scratchRegistry, type ScratchRegistry } from "../../../test/support/scratch-registry.ts";

const drafts = (registry: ScratchRegistry): string[] => readdirSync(join(registry.root, "temporary"));

for (const algorithm of ["sha256", "sha512"] as const) {
  test(`a blob with a ${algorithm} digest is stored by POST and PUT, and its Location can be fetched`, async (context) => {
    const registry = await scratchRegistry(context);
    const digest = digestOf("hello", algorithm);
    const location = await registry.openUpload("team/app");
    assert.match(location, /^\/v2\/team\/app\/blobs\/uploads\/[0-9a-f-]{36}$/);
    const put = await registry.request("PUT", `${location}?digest=${digest}`, { body: "hello" });
    assert.equal(put.status, 201);
    assert.equal(put.headers["docker-content-digest"], digest);
    assert.equal(put.headers.location, `/v2/team/app/blobs/${digest}`);
    assert.equal((await registry.request("GET", put.headers.location)).body.toString(), "hello");
    assert.deepEqual(drafts(registry), []);
  });

  test(`a blob with a ${algorithm} digest is stored by a single POST`, async (context) => {
    const registry = await scratchRegistry(context);
    const digest = digestOf("hello", algorithm);
    const post = await registry.request("POST", `/v2/app/blobs/uploads/?digest=${digest}`, { body: "hello" });
    assert.deepEqual([post.status, post.headers["docker-content-digest"], post.headers.location], [201, digest, `/v2/app/blobs/${digest}`]);
  });

  test(`bytes with another ${algorithm} digest are refused with 400 by every way of pushing, and not kept`, async (context) => {
    const registry = await scratchRegistry(context);
    const wrong = digestOf("something else", algorithm);
    assert.equal((await registry.request("POST", `/v2/app/blobs/uploads/?digest=${wrong}`, { body: "hello" })).code(), "DIGEST_INVALID");
    const put = await registry.request("PUT", `${await registry.openUpload("app")}?digest=${wrong}`, { body: "hello" });
    assert.deepEqual([put.status, put.code()], [400, "DIGEST_INVALID"]);
    const location = await registry.openUpload("app");
    assert.equal((await registry.request("PATCH", location, { body: "hello", headers: { "Content-Range": "0-4" } })).status, 202);
    assert.equal((await registry.request("PUT", `${location}?digest=${wrong}`)).status, 400);
    assert.equal((await registry.request("GET", location)).code(), "BLOB_UPLOAD_UNKNOWN");
    assert.equal((await registry.request("HEAD", `/v2/app/blobs/${wrong}`)).status, 404);
    assert.deepEqual(drafts(registry), []);
  });
}

test("a sha512 upload may be announced", async (context) => {
  const registry = await scratchRegistry(context);
  const location = await registry.openUpload("app", "?digest-algorithm=sha512");
  await registry.request("PATCH", location, { body: "hello" });
  assert.equal((await registry.request("PUT", `${location}?digest=${digestOf("hello", "sha512")}`)).status, 201);
  assert.equal((await registry.request("POST", "/v2/app/blobs/uploads/?digest-algorithm=md5")).code(), "DIGEST_INVALID");
});

test("the empty blob and {} are stored", async (context) => {
  const registry = await scratchRegistry(context);
  for (const content of ["", "{}"]) {
    await registry.pushBlob("app", content);
    assert.equal((await registry.request("PUT", `${await registry.openUpload("other")}?digest=${digestOf(content)}`, { body: content })).status, 201);
    const got = await registry.request("GET", `/v2/other/blobs/${digestOf(content)}`);
    assert.deepEqual([got.status, got.headers["content-length"], got.body.toString()], [200, String(content.length), content]);
  }
});

test("a stream without Content-Length and Content-Type is taken", async (context) => {
  const registry = await scratchRegistry(context);
  const location = await registry.openUpload("app");
  const part = Buffer.alloc(700_000, "x");
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const patch = httpRequest({ port: registry.port, host: "127.0.0.1", method: "PATCH", path: location, agent: false }, (answer) => resolve(answer.resume().statusCode));
    patch.on("error", reject);
    for (let count = 0; count < 5; count += 1) patch.write(part);
    patch.end();
  });
  assert.equal(status, 202);
  const shown = await registry.request("GET", location);
  assert.deepEqual([shown.status, shown.headers.range, shown.headers.location], [204, "0-3499999", location]);
  const whole = Buffer.alloc(3_500_000, "x");
  assert.equal((await registry.request("PUT", `${location}?digest=${digestOf(whole)}`)).status, 201);
  assert.deepEqual((await registry.request("GET", `/v2/app/blobs/${digestOf(whole)}`)).body, whole);
});

test("chunks are added in order, the last one by PATCH or by PUT", async (context) => {
  const registry = await scratchRegistry(context);
  for (const last of ["PATCH", "PUT"]) {
    const location = await registry.openUpload("app");
    assert.equal((await registry.request("GET", location)).headers.range, "0-0");
    const first = await registry.request("PATCH", location, { body: "hello ", headers: { "Content-Range": "0-5" } });
    assert.deepEqual([first.status, first.headers.range, first.headers.location], [202, "0-5", location]);
    const tail = { body: "world", headers: { "Content-Range": "6-10" } };
    if (last === "PATCH") assert.equal((await registry.request("PATCH", location, tail)).headers.range, "0-10");
    assert.equal((await registry.request("PUT", `${location}?digest=${digestOf("hello world")}`, last === "PUT" ? tail : {})).status, 201);
  }
});

test("a chunk that skips ahead or rewinds is refused with 416, by PATCH and by PUT, and the upload goes on", async (context) => {
  const registry = await scratchRegistry(context);
  const location = await registry.openUpload("app");
  await registry.request("PATCH", location, { body: "hello ", headers: { "Content-Range": "0-5" } });
  for (const range of ["7-11", "0-4", "5-9"]) {
    for (const [method, path] of [["PATCH", location], ["PUT", `${location}?digest=${digestOf("hello world")}`]] as const) {
      const refused = await registry.request(method, path, { body: "world", headers: { "Content-Range": range } });
      assert.deepEqual([refused.status, refused.headers.range, refused.headers.location, refused.code()], [416, "0-5", location, "RANGE_INVALID"]);
    }
  }
  assert.equal((await registry.request("GET", location)).headers.range, "0-5");
  assert.equal((await registry.request("PUT", `${location}?digest=${digestOf("hello world")}`, { body: "world", headers: { "Content-Range": "6-10" } })).status, 201);
});

test("a chunk whose length and range disagree, or whose range is malformed, is refused with 400", async (context) => {
  const registry = await scratchRegistry(context);
  const location = await registry.openUpload("app");
  for (const range of ["0-9", "0-1", "bytes 0-4/5", "x", "4-0"]) {
    assert.equal((await registry.request("PATCH", location, { body: "hello", headers: { "Content-Range": range } })).status, 400, range);
  }
  const streamed = await registry.raw(
    `PATCH ${location} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Range: 0-3\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nhello wo\r\n0\r\n\r\n`,
  );
  assert.match(streamed, /^HTTP\/1\.1 400 .*SIZE_INVALID/s);
  assert.equal((await registry.request("GET", location)).status, 204);
});

test("a cancelled upload is gone", async (context) => {
  const registry = await scratchRegistry(context);
  const location = await registry.openUpload("app");
  await registry.request("PATCH", location, { body: "hello" });
  assert.equal(drafts(registry).length, 1);
  assert.equal((await registry.request("DELETE", location)).status, 204);
  assert.deepEqual(drafts(registry), []);
  for (const method of ["GET", "DELETE", "PATCH", "PUT"]) assert.equal((await registry.request(method, location)).code(), "BLOB_UPLOAD_UNKNOWN");
});

test("an upload belongs to its repository", async (context) => {
  const registry = await scratchRegistry(context);
  const location = (await registry.openUpload("app")).replace("/v2/app/", "/v2/other/");
  for (const method of ["GET", "PATCH", "PUT", "DELETE"]) assert.equal((await registry.request(method, `${location}?digest=${digestOf("")}`)).status, 404);
});

test("a blob is mounted from a repository, from anywhere without from, and not from where it is not", async (context) => {
  const registry = await scratchRegistry(context);
  const digest = await registry.pushBlob("source", "hello");
  const mounted = await registry.request("POST", `/v2/one/blobs/uploads/?mount=${digest}&from=source`);
  assert.deepEqual([mounted.status, mounted.headers["docker-content-digest"], mounted.headers.location], [201, digest, `/v2/one/blobs/${digest}`]);
  assert.equal((await registry.request("POST", `/v2/two/blobs/uploads/?mount=${digest}`)).status, 201);
  for (const from of ["empty", "../source", "UPPER", ""]) {
    const opened = await registry.request("POST", `/v2/three/blobs/uploads/?mount=${digest}&from=${from}`);
    assert.equal(opened.status, 202, from);
    assert.equal((await registry.request("PUT", `${opened.headers.location}?digest=${digestOf("")}`)).status, 201);
  }
  assert.equal((await registry.request("POST", `/v2/three/blobs/uploads/?mount=${digestOf("never pushed")}`)).status, 202);
  assert.equal((await registry.request("HEAD", `/v2/three/blobs/${digest}`)).status, 404);
});

test("an upload that broke off can be resumed where it stopped", async (context) => {
  const registry = await scratchRegistry(context);
  const location = await registry.openUpload("app");
  await cutOff(registry, `PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\nhello `);
  await registry.waitForRange(location, "0-5");
  assert.equal((await registry.request("PATCH", location, { body: "world", headers: { "Content-Range": "6-10" } })).status, 202);
  assert.equal((await registry.request("PUT", `${location}?digest=${digestOf("hello world")}`)).status, 201);
});

test("a single POST that broke off leaves nothing", async (context) => {
  const registry = await scratchRegistry(context);
  const socket = connect(registry.port, "127.0.0.1", () => {
    socket.write(`POST /v2/app/blobs/uploads/?digest=${digestOf("x")} HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n`);
    socket.write(Buffer.alloc(4_000_000));
  });
  for (let round = 0; round < 200 && drafts(registry).length === 0; round += 1) await wait(10);
  assert.equal(drafts(registry).length, 1);
  socket.destroy();
  for (let round = 0; round < 200 && drafts(registry).length > 0; round += 1) await wait(10);
  assert.deepEqual(drafts(registry), []);
  assert.equal((await registry.request("GET", "/v2/app/tags/list")).code(), "NAME_UNKNOWN");
  assert.deepEqual(registry.problems, []);
});

test("two requests on one upload at once: the second is refused", async (context) => {
  const registry = await scratchRegistry(context);
  const location = await registry.openUpload("app");
  const slow = httpRequest({ port: registry.port, host: "127.0.0.1", method: "PATCH", path: location, agent: false });
  const answered = new Promise<number | undefined>((resolve) => slow.on("response", (answer) => resolve(answer.resume().statusCode)));
  slow.write("hello ");
  await wait(50);
  for (const method of ["PATCH", "PUT", "DELETE"]) assert.equal((await registry.request(method, `${location}?digest=${digestOf("x")}`, method === "DELETE" ? {} : { body: "x" })).status, 409, method);
  slow.end("world");
  assert.equal(await answered, 202);
  assert.equal((await registry.request("PUT", `${location}?digest=${digestOf("hello world")}`)).status, 201);
});

test("an upload that nobody continues expires, and too many are refused with 429", async (context) => {
  const full = await scratchRegistry(context, { settings: { uploads: 1 } });
  await full.openUpload("app");
  const refused = await full.request("POST", "/v2/app/blobs/uploads/");
  assert.deepEqual([refused.status, refused.code(), refused.headers["retry-after"]], [429, "TOOMANYREQUESTS", "10"]);
  // One of its own: where the machine has much to do, the first upload may expire before the second request comes.
  const registry = await scratchRegistry(context, { settings: { uploadExpiry: 150 } });
  const location = await registry.openUpload("app");
  await registry.request("PATCH", location, { body: "hello" });
  for (let round = 0; round < 200 && drafts(registry).length > 0; round += 1) await wait(20);
  assert.deepEqual(drafts(registry), []);
  assert.equal((await registry.request("GET", location)).status, 404);
});

test("a malformed digest parameter is refused with 400", async (context) => {
  const registry = await scratchRegistry(context);
  for (const digest of ["", "sha256:baddigeststring", "md5:d41d8cd98f00b204e9800998ecf8427e", "sha256:..%2f..%2fx", "%00"]) {
    assert.equal((await registry.request("POST", `/v2/app/blobs/uploads/?digest=${digest}`, { body: "x" })).code(), "DIGEST_INVALID", digest);
    assert.equal((await registry.request("PUT", `${await registry.openUpload("app")}?digest=${digest}`, { body: "x" })).code(), "DIGEST_INVALID", digest);
  }
  assert.equal((await registry.request("PUT", await registry.openUpload("app"))).code(), "DIGEST_INVALID");
});

test("the same blob pushed at the same time by many is stored once", async (context) => {
  const registry = await scratchRegistry(context);
  const content = Buffer.alloc(200_000, "y");
  await Promise.all(Array.from({ length: 12 }, (_, index) => registry.pushBlob(`app${index % 3}`, content)));
  for (const name of ["app0", "app1", "app2"]) assert.equal((await registry.request("HEAD", `/v2/${name}/blobs/${digestOf(content)}`)).status, 200);
  assert.deepEqual(drafts(registry), []);
});

/** Sends the beginning of a request and leaves. */
function cutOff(registry: ScratchRegistry, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(registry.port, "127.0.0.1", () => {
      socket.write(text, () => setTimeout(() => socket.destroy(), 50));
    });
    socket.on("close", () => resolve()).on("error", reject);
  });
}

test("a chunk below the least length is the last one, and an upload in one piece may be shorter", async (context) => {
  const registry = await scratchRegistry(context, { settings: { chunkMinLength: 5 } });
  const send = (method: string, path: string, body: string, range?: string) => registry.request(method, path, { body, headers: range === undefined ? {} : { "Content-Range": range } });
  const opened = await registry.request("POST", "/v2/app/blobs/uploads/");
  assert.equal(opened.headers["oci-chunk-min-length"], "5");
  const location = opened.headers.location!;
  assert.equal((await send("PATCH", location, "hello", "0-4")).status, 202);
  assert.equal((await send("PATCH", location, " you", "5-8")).status, 202);
  for (const [method, path] of [["PATCH", location], ["PUT", `${location}?digest=${digestOf("hello you all")}`]] as const) {
    const refused = await send(method, path, " all", "9-12");
    assert.deepEqual([refused.status, refused.code(), refused.headers.range], [400, "SIZE_INVALID", "0-8"]);
  }
  assert.equal((await registry.request("PUT", `${location}?digest=${digestOf("hello you")}`)).status, 201);

  const closing = await registry.openUpload("app");
  await send("PATCH", closing, "hello", "0-4");
  assert.equal((await send("PUT", `${closing}?digest=${digestOf("hello x")}`, " x", "5-6")).status, 201);
  const streamed = await registry.openUpload("app");
  assert.equal((await send("PATCH", streamed, "hi")).status, 202);
  assert.equal((await send("PUT", `${streamed}?digest=${digestOf("hi")}`, "")).status, 201);
  const mixed = await registry.openUpload("app");
  await send("PATCH", mixed, "hi", "0-1");
  assert.equal((await send("PATCH", mixed, "there")).code(), "SIZE_INVALID");
});

test("one client uses up its share of the uploads, and not those of others", async (context) => {
  const { server } = await guardedRegistry(context, {
    users: { alice: "pw", bob: "pw" }, access: "grants: [{who: authenticated, role: writer, repositories: '**'}, {who: anonymous, role: writer, repositories: 'public/**'}]", more: "limits: {uploads: 4, uploadsOfOne: 2}\n",
  });
  const open = (path: string, user?: string) => server.request("POST", path, user === undefined ? {} : { headers: { authorization: basic(user, "pw") } });
  const first = await open("/v2/app/blobs/uploads/", "alice");
  assert.deepEqual([first.status, (await open("/v2/other/blobs/uploads/", "alice")).status], [202, 202]);
  const refused = await open("/v2/app/blobs/uploads/", "alice");
  assert.deepEqual([refused.status, refused.code(), refused.headers["retry-after"]], [429, "TOOMANYREQUESTS", "10"]);
  assert.equal((await open("/v2/app/blobs/uploads/", "bob")).status, 202);
  await server.request("DELETE", first.headers.location!, { headers: { authorization: basic("alice", "pw") } });
  assert.equal((await open("/v2/app/blobs/uploads/", "alice")).status, 202);
});
