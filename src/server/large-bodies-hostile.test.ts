import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { scratchRegistry, type ScratchRegistry } from "../../test/support/scratch-registry.ts";
import { noMounts, smallDisk } from "../../test/support/small-disk.ts";
import { targetOf, warmCarriers } from "../../test/support/warm-carriers.ts";
import type { Digest } from "../oci/digest.ts";
import { haveLibc } from "../linux/libc.ts";
import type { RequestEntry } from "./notify/request-entry.ts";

const MEBIBYTE = 1024 * 1024;
const skip = !haveLibc() && "C functions cannot be called here";

/** Until a condition holds, for 20 s. */
async function until(what: string, condition: () => boolean): Promise<void> {
  for (let round = 0; round < 1000; round += 1) {
    if (condition()) return;
    await wait(20);
  }
  assert.fail(what);
}

/** A connection of a client that says nothing of errors. */
function dial(context: TestContext, registry: ScratchRegistry, text: string): Socket {
  const socket = connect(registry.port, "127.0.0.1").on("error", () => undefined);
  context.after(() => socket.destroy());
  socket.write(text);
  return socket;
}

/** All that comes, until the connection is closed or reset: a server that ends one before it has read everything resets it. */
async function everything(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk)).resume();
  await until("the connection ends", () => socket.closed);
  return Buffer.concat(chunks);
}

const get = (digest: Digest, more = ""): string => `GET /v2/app/blobs/${digest}${more} HTTP/1.1\r\nHost: x\r\n\r\n`;

test("a client that first sends its whole body and then looks sees that the disk is full", { skip: skip || noMounts }, async (context) => {
  const registry = await scratchRegistry(context, { root: smallDisk(context, "30m") });
  await warmCarriers(registry, Buffer.alloc(12 * MEBIBYTE));
  const location = await registry.openUpload("app");
  const client = dial(context, registry, `PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: ${50 * MEBIBYTE}\r\n\r\n`).pause();
  const whole = await new Promise<boolean>((resolve) => {
client.once("close", () => resolve(false));
    client.write(Buffer.alloc(50 * MEBIBYTE), (error) => resolve(!error));
  });
  assert.ok(whole, "the whole body is taken");
  let answer = "";
  client.on("data", (chunk) => (answer += String(chunk))).resume();
  await until("an answer", () => answer.endsWith("}") || client.closed);
  client.destroy();
  assert.match(answer, /^HTTP\/1\.1 507 [^]*"STORAGE_FULL"/);
  assert.deepEqual(readdirSync(join(registry.root, "temporary")), []);
  assert.equal(registry.problems.length, 1);
});

test("what follows a large answer on its connection neither stands still for ever nor gets into its bytes", { skip }, async (context) => {
  const registry = await scratchRegistry(context, { settings: { idleTimeout: 2000, keepAliveTimeout: 60_000 } });
  const content = Buffer.alloc(12 * MEBIBYTE, "b");
  const digest = await warmCarriers(registry, content);

  const location = await registry.openUpload("app");
  const half = `PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhello`;
  const answer = await everything(dial(context, registry, get(digest) + half)); // ends
  assert.ok(answer.subarray(answer.length - content.length).equals(content));
  await registry.waitForRange(location, "0-4");

  const large = `PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: ${MEBIBYTE}\r\n\r\nhello`;
  const second = await everything(dial(context, registry, get(digest) + large));
  assert.ok(second.subarray(second.length - content.length).equals(content));
  await registry.waitForRange(location, "0-9");

  const client = dial(context, registry, get(digest)).pause();
  await once(client, "readable"); // the answer has begun
  client.write("GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\nwhat is no HTTP\r\n\r\n");
  await wait(50);
  const third = (await everything(client)).toString("latin1");
  assert.ok(third.startsWith("HTTP/1.1 200 "));
  assert.equal(third.lastIndexOf("HTTP/1.1"), 0, "nothing else was written between the bytes");
  assert.deepEqual(registry.problems, []);
});

test("nothing that is hidden behind a large upload is answered, whatever its head says", { skip }, async (context) => {
  const registry = await scratchRegistry(context);
  const content = Buffer.alloc(12 * MEBIBYTE, "c");
  const digest = await warmCarriers(registry, content);
  const hidden = "GET /v2/hidden/tags/list HTTP/1.1\r\nHost: x\r\n\r\n";
  const length = `Content-Length: ${content.length}`;
  const heads: readonly (readonly [head: string, ...statuses: string[]])[] = [
    [length, "201"], [`Upgrade: websocket\r\nConnection: Upgrade\r\n${length}`, "201"], [`Expect: 100-continue\r\n${length}`, "100", "201"],
    // Others may be cut off before their refusal is read.
    [`${length}\r\nTransfer-Encoding: chunked`, "400"], [`${length}\r\n${length}`, "400"], [`${length}, ${length}`, "400"], [`X: y\nContent-Length: 3\r\n${length}`, "400"], [`Content-Length: 3\r\n ${length}`, "400"],
    [`Content-Length : ${content.length}`, "400"], [`Transfer-Encoding: identity\r\n${length}`, "400"], ["Content-Length: 18446744073709551616", "400"],
  ];
  for (const [head, ...expected] of heads) {
    const location = await registry.openUpload("app");
    const client = dial(context, registry, `PUT ${location}?digest=${digest} HTTP/1.1\r\nHost: x\r\n${head}\r\n\r\n`);
    client.write(content);
    client.write(hidden);
    const answer = (await everything(client)).toString("latin1");
    const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status);
    assert.ok(!answer.includes("hidden"), head);
    if (expected[0] !== "400" || statuses.length > 0) assert.deepEqual(statuses, expected, head);
    if (expected[0] === "400") assert.equal((await registry.request("GET", location)).headers.range, "0-0", `${head}: nothing was taken`);
  }
  assert.deepEqual(registry.problems, []);
});

test("clients that leave or reset leave no descriptor behind and lose no byte that came, and the log has what they got", { skip }, async (context) => {
  const entries: RequestEntry[] = [];
  const registry = await scratchRegistry(context, { onRequest: (entry) => entries.push(entry) });
  const content = randomBytes(12 * MEBIBYTE);
  const digest = await warmCarriers(registry, content);
  await wait(200); // connections that are closing
  const before = await descriptors(registry, Number.POSITIVE_INFINITY);
  for (let round = 0; round < 6; round += 1) {
    const end = (socket: Socket): unknown => (round % 3 === 0 ? socket.resetAndDestroy() : round % 3 === 1 ? socket.destroy() : socket.end());
    const reader = dial(context, registry, get(digest, `?round=${round}`)).pause();
    await until("a part came", () => { reader.read(); return reader.bytesRead > MEBIBYTE; });
    end(reader);
    const location = await registry.openUpload("app");
    const writer = dial(context, registry, `PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: ${2 * MEBIBYTE}\r\n\r\n`);
    writer.write(content.subarray(0, round * 200_000));
    if (round % 2 === 0) await wait(10);
    end(writer);
    await settled(registry, location);
    // Goes on from whatever came, in small and large parts, and is whole.
    for (const size of [100_000, MEBIBYTE, 3_000, content.length]) {
      for (let status = 416; status === 416; ) {
        const start = await position(registry, location);
        const body = content.subarray(start, start + size);
        // Says where it goes: on a busy machine the last bytes of the writer may come only now.
        if (body.length === 0) break;
        ({ status } = await registry.request("PATCH", location, { body, headers: { "Content-Range": `${start}-${start + body.length - 1}` } }));
        assert.ok(status === 202 || status === 416, String(status));
      }
    }
    assert.equal((await registry.request("PUT", `${location}?digest=${digest}`)).status, 201);
    reader.resume();
    writer.resume();
  }
  await until("the log has all of them", () => entries.filter(({ url }) => url.includes("?round=")).length === 6);
  for (const { url, sent } of entries) if (url.includes("?round=")) assert.ok(sent > MEBIBYTE && sent < content.length, `${url} ${sent}`);
  for (const { received, sent } of entries) assert.ok(received >= 0 && sent >= 0);
  const after = await descriptors(registry, before);
  assert.ok(after <= before, `${after} descriptors, and ${before} before`);
  assert.deepEqual(readdirSync(join(registry.root, "temporary")), []);
  assert.deepEqual(registry.problems, []);
});

test("clients that ask for many blobs at once and leave keep none of them open, and others are answered in their order", async (context) => {
  const registry = await scratchRegistry(context);
  const digest = await registry.pushBlob("app", Buffer.alloc(1_500_000));
  await wait(200);
  const before = await descriptors(registry, Number.POSITIVE_INFINITY);
  const deaf = [30, 500].map((times) => dial(context, registry, get(digest).repeat(times)).pause());
  await once(deaf[0]!, "readable", { signal: AbortSignal.timeout(20_000) }); // an answer has begun
  deaf[1]!.resume();
  await until("who asks for too many is dropped", () => deaf[1]!.closed);
  const most = await descriptors(registry, before + 4);
  assert.ok(most <= before + 4, `${most} descriptors, and ${before} before`);
  for (const socket of deaf) socket.destroy();
  const after = await descriptors(registry, before);
  assert.ok(after <= before, `${after} descriptors, and ${before} before`);
  const asked = ["/v2/", "/nothing", "/v2/app/tags/list", "/v2/"].map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n`);
  const answers = await registry.raw(`${asked.join("\r\n")}Connection: close\r\n\r\n`);
  assert.deepEqual([...answers.matchAll(/HTTP\/1.1 (\d+)/g)].map(([, status]) => status), ["200", "404", "200", "200"]);
  await registry.server.close();
  assert.deepEqual(registry.problems, []);
});

/** Waits until nothing more comes of what was sent before. */
async function settled(registry: ScratchRegistry, location: string): Promise<void> {
  let last: string | undefined;
  for (let same = 0, round = 0; same < 3 && round < 200; round += 1) {
    const { range } = (await registry.request("GET", location)).headers;
    same = range === last ? same + 1 : 0;
    last = range;
    await wait(10);
  }
}

async function position(registry: ScratchRegistry, location: string): Promise<number> {
  const { range = "0-0" } = (await registry.request("GET", location)).headers;
  return range === "0-0" ? 0 : Number(range.split("-")[1]) + 1;
}

/** How many sockets and files of the registry's folder are open, once that is at most as many as wanted, or after 5 s. */
async function descriptors(registry: ScratchRegistry, wanted: number): Promise<number> {
  const places = ["socket:", join(registry.root, "blobs"), join(registry.root, "temporary")];
  const count = (): number => readdirSync("/proc/self/fd").map(targetOf).filter((target) => places.some((place) => target.startsWith(place))).length;
  for (let round = 0; round < 250 && count() > wanted; round += 1) await wait(20);
  return count();
}
