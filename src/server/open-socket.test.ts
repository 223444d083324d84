import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { readAhead } from "../std/read-ahead.ts";
import { openSocketOf, stopReading } from "./open-socket.ts";

test("a connection that was stopped in the middle of a body gives no more of it, though its bytes are asked for", async (context) => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.closeAllConnections());
  context.after(() => server.close());
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  client.on("error", () => undefined).write("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n");
  client.write(Buffer.alloc(20_000_000));
  const [request] = (await once(server, "request")) as [IncomingMessage];
  // Node has stopped by itself, and would go on as soon as something is read.
  for (let round = 0; round < 1000 && request.readableLength < request.readableHighWaterMark; round += 1) await turn();
  assert.ok(request.readableLength >= request.readableHighWaterMark);
  stopReading(request.socket);
  assert.ok(readAhead(request).length >= request.readableHighWaterMark);
  const before = request.socket.bytesRead;
  for (let round = 0; round < 50; round += 1) {
    await turn();
    assert.equal(request.read(), null);
  }
  assert.equal(request.socket.bytesRead, before);
  using socket = openSocketOf(request.socket, 1000);
  assert.ok(socket && socket.fd > 0);
  request.socket.destroy();
  assert.ok(socket.fd < 0, "the number is given up before anybody is told");
  assert.equal(socket.signal.aborted, false);
  await once(request.socket, "close");
  assert.equal(socket.signal.aborted, true);
  assert.equal(openSocketOf(request.socket, 1000), undefined);
});
