import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startScriptedServer } from "../../../test/support/scripted-server.ts";
import { testCertificate } from "../../../test/support/test-certificate.ts";
import { Transport, type Answer } from "./transport.ts";

const bytes = randomBytes(9_000_001);
const open = (): Transport =>
  new Transport({ environment: {}, proxyFor: () => undefined, certificates: [], connections: 2, connectTimeout: 5_000, idleTimeout: 500, commitTimeout: 5_000, userAgent: "sampan-test" });

async function asked(answering: (response: ServerResponse) => unknown, read: (answer: Answer, abort: AbortController) => Promise<void>, tls = false): Promise<void> {
  await using server = await startScriptedServer((_request, response) => void answering(response), tls ? { tls: testCertificate } : {});
  await using transport = open();
  const abort = new AbortController();
  await read(await transport.request(new URL(`${tls ? "https" : "http"}://${server.host}/`), { method: "GET", verify: false, bulk: true, signal: abort.signal }), abort);
}

async function whole(answer: Answer): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of answer.pieces!) pieces.push(piece);
  return Buffer.concat(pieces);
}

for (const tls of [false, true]) {
  test(`a long body comes whole, in large pieces that keep their content, ${tls ? "over TLS" : "in the clear"}`, async () => {
    await asked((response) => response.writeHead(200, { "content-length": bytes.length }).end(bytes), async (answer) => {
      const pieces: Uint8Array[] = [];
      for await (const piece of answer.pieces!) {
        pieces.push(piece);
        await sleep(1);
      }
      assert.ok(Buffer.concat(pieces).equals(bytes));
      assert.ok(pieces.length < bytes.length / 65536, `${pieces.length} pieces`);
    }, tls);
  });
}

test("a lent piece keeps its content until the one after the next is asked for, the last one for good", async () => {
  await asked((response) => response.writeHead(200, { "content-length": bytes.length }).end(bytes), async (answer) => {
    let at = 0;
    let before: Uint8Array = new Uint8Array();
    for await (const piece of answer.pieces!.lent()) {
      assert.ok(bytes.subarray(at - before.length, at).equals(before), `at ${at}`);
      at += piece.length;
      before = piece;
    }
    assert.equal(at, bytes.length);
    // Other bodies get what memory was given back.
    await Promise.all([1, 2].map(() => asked((response) => response.writeHead(200, { "content-length": bytes.length }).end(Buffer.alloc(bytes.length)), async (other) => {
      for await (const piece of other.pieces!.lent()) assert.equal(piece[0], 0);
    })));
    assert.ok(bytes.subarray(at - before.length).equals(before));
  });
});

test("a body in drops, one in the same packet as its headers, and an empty one", async () => {
  await asked(async (response) => {
    response.writeHead(206, { "content-length": 5 }).flushHeaders();
    for (const letter of "hello") { response.write(letter); await sleep(5); }
    response.end();
  }, async (answer) => assert.equal((await whole(answer)).toString(), "hello"));
  await asked((response) => response.writeHead(200, { "content-length": 5 }).end("hello"), async (answer) => assert.equal((await whole(answer)).toString(), "hello"));
  await asked((response) => response.writeHead(200, { "content-length": 0 }).end(), async (answer) => assert.equal((await whole(answer)).length, 0));
});

test("a body without a length, and an answer that is no success, come as ever", async () => {
  await asked((response) => { response.writeHead(200).write("a"); response.end("b"); }, async (answer) => {
    assert.equal(answer.pieces, undefined);
    const read: Buffer[] = [];
    for await (const chunk of answer.body) read.push(chunk as Buffer);
    assert.equal(Buffer.concat(read).toString(), "ab");
  });
  await asked((response) => response.writeHead(404, { "content-length": 2 }).end("no"), async (answer) => assert.equal(answer.pieces, undefined));
});

test("what came before the connection broke is given, then the error", async () => {
  for (const end of [(response: ServerResponse) => response.socket!.end(), (response: ServerResponse) => response.socket!.resetAndDestroy()]) {
    await asked((response) => { response.writeHead(200, { "content-length": bytes.length }); response.write(bytes.subarray(0, 3_000_000), () => setTimeout(() => end(response), 50)); }, async (answer) => {
      const hash = createHash("sha256");
      let received = 0;
      await assert.rejects(async () => {
        for await (const piece of answer.pieces!) {
          hash.update(piece);
          received += piece.length;
        }
      }, { code: "ECONNRESET" });
      assert.ok(received > 0 && received <= 3_000_000);
      assert.equal(hash.digest("hex"), createHash("sha256").update(bytes.subarray(0, received)).digest("hex"));
    });
  }
});

test("more than was announced is not given", async () => {
  await asked((response) => { response.strictContentLength = false; response.writeHead(200, { "content-length": 1_000_000 }); response.end(bytes); }, async (answer) => {
    assert.ok((await whole(answer)).equals(bytes.subarray(0, 1_000_000)));
  });
});

test("a server that falls silent is given up, one that waits for its reader is not", async () => {
  await asked((response) => void response.writeHead(200, { "content-length": bytes.length }).write(bytes.subarray(0, 100_000)), async (answer) => {
    await assert.rejects(whole(answer), /no data/);
  });
  await asked((response) => response.writeHead(200, { "content-length": bytes.length }).end(bytes), async (answer) => {
    await sleep(1_500); // three times the idle timeout
    assert.ok((await whole(answer)).equals(bytes));
  });
});

test("a reader that leaves, and an abort, close the connection", async () => {
  for (const aborts of [false, true]) {
    const closed = Promise.withResolvers<void>();
    await asked((response) => { response.on("close", () => closed.resolve()).writeHead(200, { "content-length": bytes.length }).write(bytes.subarray(0, 200_000)); }, async (answer, abort) => {
      const pieces = answer.pieces![Symbol.asyncIterator]();
      assert.ok(!(await pieces.next()).done);
      if (aborts) {
        abort.abort(new Error("enough"));
        await assert.rejects(async () => { while (!(await pieces.next()).done); }, { code: "ECONNRESET" });
      } else {
        await pieces.return!();
      }
      await closed.promise;
    });
  }
});

/** Asks for bodies one after the other over one transport. @returns how many connections that took */
async function inTurn(answering: (response: ServerResponse, count: number) => unknown, times: number, read: (answer: Answer, count: number) => Promise<void>, tls = false): Promise<number> {
  const sockets = new Set<unknown>();
  let count = 0;
  await using server = await startScriptedServer((_request, response) => {
    sockets.add(response.socket);
    answering(response, count);
  }, tls ? { tls: testCertificate } : {});
  await using transport = open();
  for (; count < times; count += 1) {
    await read(await transport.request(new URL(`${tls ? "https" : "http"}://${server.host}/`), { method: "GET", verify: false, bulk: true }), count);
    // node:http has its connection back a moment later.
    await new Promise(setImmediate);
  }
  return sockets.size;
}

for (const tls of [false, true]) {
  test(`one connection brings several bodies, and what is in use of one is not overwritten by the next, ${tls ? "over TLS" : "in the clear"}`, async () => {
    const bodies = [9_000_001, 300_000, 5, 0, 700_000, 4_000_000].map((size) => randomBytes(size));
    const last: Uint8Array[] = [];
    const connections = await inTurn((response, count) => response.writeHead(200, { "content-length": bodies[count]!.length }).end(bodies[count]), bodies.length, async (answer, count) => {
      const hash = createHash("sha256");
      let latest: Uint8Array = new Uint8Array();
      for await (const piece of answer.pieces!.lent()) {
        hash.update(piece);
        latest = piece;
      }
      last.push(latest);
      assert.equal(hash.digest("hex"), createHash("sha256").update(bodies[count]!).digest("hex"));
    }, tls);
    assert.equal(connections, 1);
    last.forEach((piece, count) => assert.ok(bodies[count]!.subarray(bodies[count]!.length - piece.length).equals(piece), `body ${count}`));
  });
}

test("a body that came with its headers does not keep its connection from the next answer, however slow its reader", async () => {
  let asked = 0;
  await using server = await startScriptedServer((_request, response) => {
    const body = asked++ === 0 ? Buffer.from("hello") : bytes.subarray(0, 700_000);
    response.writeHead(200, { "content-length": body.length });
    response.write(body.subarray(0, 5), () => setTimeout(() => response.end(body.subarray(5)), 20));
  });
  await using transport = new Transport({ environment: {}, proxyFor: () => undefined, certificates: [], connections: 1, connectTimeout: 5_000, idleTimeout: 5_000, commitTimeout: 5_000, userAgent: "sampan-test" });
  const ask = (): Promise<Answer> => transport.request(new URL(`http://${server.host}/`), { method: "GET", verify: false, bulk: true });
  const first = (await ask()).pieces!.lent();
  assert.equal((await first.next()).value?.toString(), "hello");
  const second = await ask();
  assert.ok((await first.next()).done);
  assert.ok((await whole(second)).equals(bytes.subarray(0, 700_000)));
});

test("a connection that is to be closed, and one whose body was left, are not used again", async () => {
  const close = (response: ServerResponse): unknown => response.writeHead(200, { "content-length": bytes.length, connection: "close" }).end(bytes);
  assert.equal(await inTurn(close, 2, async (answer) => void (await whole(answer))), 2);
  const leaving = async (answer: Answer): Promise<void> => {
    for await (const piece of answer.pieces!) if (piece.length > 0) break;
  };
  assert.equal(await inTurn((response) => response.writeHead(200, { "content-length": bytes.length }).end(bytes), 2, leaving), 2);
});
