import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { buffer } from "node:stream/consumers";
import { carryBytes } from "./carry-bytes.ts";
import { frame, readFrames } from "./grpc-frames.ts";
import { socketPair } from "./socket-pair.ts";

/** A stream to a server of the test's own, which does `answer` with it. */
async function stream(context: TestContext, answer: (stream: ServerHttp2Stream) => void) {
  const server = createServer().on("stream", answer);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  context.after(() => {
    session.destroy();
    server.close();
  });
  return session.request({ ":method": "POST" }).on("error", () => undefined);
}

function respond(answer: ServerHttp2Stream, trailers: Record<string, string>): void {
  answer.respond({ ":status": 200 }, { waitForTrailers: true });
  answer.on("wantTrailers", () => answer.sendTrailers(trailers));
}

test("a connection inside of messages carries bytes in both directions and ends with them", async (context) => {
  const [near, far] = await socketPair();
  const large = Buffer.alloc(300_000, "x");
  const carrying = carryBytes(await stream(context, (answer) => void (async () => {
    respond(answer, { "grpc-status": "0" });
    let received = 0;
    for await (const message of readFrames(answer.iterator({ destroyOnReturn: false }))) {
      received += message.length;
      if (received < large.length) continue;
      answer.end(frame(Buffer.concat([Buffer.from([0x0a, 8]), Buffer.from("incoming")])));
      break;
    }
  })()), near);
  far.write(large);
  assert.equal((await buffer(far)).toString(), "incoming");
  await carrying;
});

test("what breaks the messages breaks the connection, and says why", async (context) => {
  const [near, far] = await socketPair();
  const closed = once(far.resume(), "close");
  await assert.rejects(carryBytes(await stream(context, (answer) => {
    respond(answer, { "grpc-status": "12", "grpc-message": "no%20such" });
    answer.end();
  }), near), /\[unimplemented\] no such/);
  await closed;
});

test("a connection that this side closed is no trouble", async (context) => {
  const [near, far] = await socketPair();
  const carrying = carryBytes(await stream(context, (answer) => respond(answer, {})), near);
  near.destroy();
  far.destroy();
  await carrying;
});
