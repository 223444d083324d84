import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { test } from "node:test";
import { turn } from "./turn.ts";

test("what has arrived on a connection is looked at, also from within what another connection started", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const pair = async (): Promise<[near: Socket, far: Socket]> => {
    const near = connect((server.address() as AddressInfo).port, "127.0.0.1");
    const [[far]] = (await Promise.all([once(server, "connection"), once(near, "connect")])) as [[Socket], unknown];
    return [near, far];
  };
  const [first, second] = [await pair(), await pair()];
  try {
    let heard = "";
    second[0].on("data", (chunk) => { heard += String(chunk); });
    const after = new Promise<string>((resolve) => first[0].once("data", () => {
      second[1].write("word");
      void turn().then(() => resolve(heard));
    }));
    first[1].write("begin");
    assert.equal(await after, "word");
  } finally {
    for (const socket of [...first, ...second]) socket.destroy();
    server.close();
  }
});
