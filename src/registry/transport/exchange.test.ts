import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { ConnectionError } from "./connection-error.ts";
import { discard, readBody, Transport } from "./transport.ts";

const open = (idleTimeout: number): Transport =>
  new Transport({ environment: {}, proxyFor: () => undefined, certificates: [], connections: 1, connectTimeout: 2_000, idleTimeout, commitTimeout: 5_000, userAgent: "test" });

/** A server that gives each connection to `serve`. */
async function listen(serve: (socket: Socket, count: number) => void): Promise<{ url: URL; [Symbol.asyncDispose](): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    serve(socket, sockets.size);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/x`),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function* chunks(count: number, size: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index += 1) yield Buffer.alloc(size);
}

const isTimeout = (what: string) => (error: unknown): boolean => error instanceof ConnectionError && error.problem === "timeout" && error.waited?.what === what;

test("an answer that does not come is given up, and so is a body that stalls", async () => {
  await using silent = await listen((socket) => socket.resume());
  await using stalls = await listen((socket) => socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")));
  await using transport = open(150);
  await assert.rejects(transport.request(silent.url, { method: "GET", verify: false }), isTimeout("an answer"));
  const answer = await transport.request(stalls.url, { method: "GET", verify: false });
  await assert.rejects(readBody(answer, 100), isTimeout("data"));
});

test("so is a body that trickles, and none that is slow", async () => {
  const drip = (bytes: number, pieces: number) => (socket: Socket): void => void socket.once("data", async () => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${bytes * pieces}\r\n\r\n`);
    for (let count = 0; count < pieces && !socket.destroyed; count += 1) {
      await pause(50);
      socket.write("x".repeat(bytes));
    }
  });
  await using trickles = await listen(drip(1, 1_000_000));
  await using slow = await listen(drip(1_000, 40));
  await using transport = open(300);
  const answer = await transport.request(trickles.url, { method: "GET", verify: false });
  await assert.rejects(readBody(answer, 1_000_000), isTimeout("data"));
  const whole = await transport.request(slow.url, { method: "GET", verify: false });
  assert.equal((await readBody(whole, 1_000_000))!.length, 40_000);
  await using works = await listen(drip(1, 30));
  const done = await transport.request(works.url, { method: "POST", verify: false });
  assert.equal((await readBody(done, 100))!.length, 30, "spaces while it does what it was asked for");
  for (const url of [trickles.url, slow.url]) {
    const { pieces } = await transport.request(url, { method: "GET", verify: false, bulk: true });
    const read = async (): Promise<number> => {
      let count = 0;
      for await (const piece of pieces!) count += piece.length;
      return count;
    };
    if (url === slow.url) assert.equal(await read(), 40_000);
    else await assert.rejects(read(), isTimeout("data"));
  }
});

test("a reader that takes longer than the idle timeout still gets the whole body", async () => {
  const size = 300_000;
  await using server = await listen((socket) => socket.once("data", () => socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n${"x".repeat(size)}`)));
  await using transport = open(700);
  const answer = await transport.request(server.url, { method: "GET", verify: false });
  let received = 0;
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
    if (received === 0) await pause(1_500);
    received += chunk.length;
  }
  assert.equal(received, size);
});

test("an answer that comes before the body was sent ends the sending and the connection", async () => {
  let connections = 0;
  await using server = await listen((socket) => {
    connections += 1;
    socket.once("data", () => {
      socket.pause();
      socket.write("HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno");
    });
  });
  await using transport = open(2_000);
  let taken = 0;
  const body = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks(10_000, 65_536)) {
      taken += 1;
      yield chunk;
    }
  };
  for (const round of [1, 2]) {
    const answer = await transport.request(server.url, { method: "PUT", verify: false, body: body() });
    assert.equal(answer.status, 413);
    assert.equal(Buffer.from((await readBody(answer, 10))!).toString(), "no");
    assert.equal(connections, round);
  }
  assert.ok(taken < 10_000, `${taken} chunks were taken`);
});

test("a body whose memory is used again when the one after a piece was asked for arrives as it was", async () => {
  const sizes = [400_000, 3, 700_000, 512_000, 100, 600_000, 1_000_000];
  const arrived: Buffer[] = [];
  const total = sizes.reduce((sum, size) => sum + size, 0);
  await using server = await listen((socket) => {
    let headers = false;
    socket.on("data", (bytes) => {
      if (!headers) bytes = bytes.subarray(bytes.indexOf("\r\n\r\n") + 4);
      headers = true;
      arrived.push(bytes);
      if (Buffer.concat(arrived).length === total) socket.write("HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n");
    });
  });
  await using transport = open(5_000);
  const memories = [Buffer.alloc(1_000_000), Buffer.alloc(1_000_000)];
  const body = async function* (): AsyncGenerator<Uint8Array> {
    for (const [index, size] of sizes.entries()) yield memories[index % 2]!.fill(index + 1).subarray(0, size);
  };
  const answer = await transport.request(server.url, { method: "PUT", verify: false, headers: { "content-length": String(total) }, body: body() });
  assert.equal(answer.status, 201);
  assert.ok(Buffer.concat(arrived).equals(Buffer.concat(sizes.map((size, index) => Buffer.alloc(size, index + 1)))));
});

test("a body of one piece, and the last piece of others, are given up when the other side takes no more of them", async () => {
  // More than the kernel keeps on the way.
  const size = 32 * 1024 * 1024;
  await using server = await listen((socket) => socket.pause());
  await using transport = open(300);
  for (const body of [chunks(1, size), Buffer.alloc(size)]) {
    const request = transport.request(server.url, { method: "PUT", verify: false, headers: { "content-length": String(size) }, body, signal: AbortSignal.timeout(20_000) });
    await assert.rejects(request, isTimeout("an answer"));
  }
});

test("a request on an idle connection that the other side closes meanwhile goes out again on a new one", async () => {
  let connections = 0;
  await using server = await listen((socket) => {
    connections += 1;
    const first = connections === 1;
    let requests = 0;
    socket.on("data", () => {
      requests += 1;
      if (first && requests === 2) return socket.resetAndDestroy();
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    });
  });
  await using transport = open(2_000);
  for (let count = 0; count < 2; count += 1) await discard(await transport.request(server.url, { method: "GET", verify: false }));
  assert.equal(connections, 2);
});

test("stopping a request rejects with the reason, before and after the answer", async () => {
  await using silent = await listen((socket) => socket.resume());
  await using stalls = await listen((socket) => socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")));
  await using transport = open(5_000);
  const early = new AbortController();
  const waiting = transport.request(silent.url, { method: "GET", verify: false, signal: early.signal });
  setTimeout(() => early.abort(new Error("enough")), 20);
  await assert.rejects(waiting, /enough/);
  const late = new AbortController();
  const answer = await transport.request(stalls.url, { method: "GET", verify: false, signal: late.signal });
  setTimeout(() => late.abort(new Error("enough")), 20);
  await assert.rejects(readBody(answer, 100));
});

test("what the body's source throws reaches the caller", async () => {
  await using server = await listen((socket) => socket.resume());
  await using transport = open(5_000);
  const body = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.alloc(10);
    throw new Error("the disk is gone");
  };
  await assert.rejects(transport.request(server.url, { method: "PUT", verify: false, body: body() }), (error: Error) => error instanceof ConnectionError && /the disk is gone/.test(String(error.cause)));
});
