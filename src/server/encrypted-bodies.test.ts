import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { Exchange } from "./exchange.ts";
import { receiveBody } from "./receive-body.ts";
import { sendBlobBytes } from "./send-blob.ts";
import type { Upload } from "./storage/blob-storage.ts";

test("a connection with encryption has no thread started that could not carry its bytes, neither for what comes nor for what goes", async (context) => {
  const bytes = Buffer.alloc(9 * 1024 * 1024, "x");
  const server = createServer().listen(0, "127.0.0.1");
  context.after(() => server.close());
  await once(server, "listening");
  const client = httpRequest({ host: "127.0.0.1", port: (server.address() as AddressInfo).port, method: "PUT", agent: false, headers: { "Content-Length": bytes.length } }).end(bytes);
  const answered = once(client, "response") as Promise<[IncomingMessage]>;
  const [request, response] = (await once(server, "request")) as [IncomingMessage, ServerResponse];
  Object.assign(request.socket, { encrypted: true }); // as those of TLS say
  let asked = 0;
  const started = async (): Promise<undefined> => void (asked += 1);
  let received = 0;
  const upload = {
    size: 0,
    receiver: started,
    async append(source: AsyncIterable<Uint8Array>) {
      for await (const { length } of source) received += length;
      return true;
    },
  } as unknown as Upload;
  const blobs = { sender: started, read: async () => (async function* () { yield bytes; })() };
  const exchange = { request, response, settings: { idleTimeout: 60_000 }, storage: { blobs }, note: {} } as unknown as Exchange;
  assert.equal(await receiveBody(exchange, upload), true);
  const sending = sendBlobBytes(exchange, `sha256:${"a".repeat(64)}`, { start: 0, end: bytes.length - 1 }, { status: 200, headers: { "Content-Length": bytes.length } });
  const [answer] = await answered;
  let sent = 0;
  for await (const { length } of answer as AsyncIterable<Buffer>) sent += length;
  assert.deepEqual([await sending, received, sent, asked], [true, bytes.length, bytes.length, 0]);
});
