import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { haveLibc } from "../../../linux/libc.ts";
import type { OpenSocket, SocketBody, Upload } from "../blob-storage.ts";
import { createFolderUploads } from "../folder/uploads.ts";
import { openCarriers, type Carrier, type Carriers } from "./carriers.ts";

const skip = !haveLibc() && "C functions cannot be called here";

/** A carrier that receives: so large a body waits until its thread works. */
async function receiverOf(carriers: Carriers): Promise<Carrier> {
  return (await carriers.receiver(8 * 1024 * 1024)) ?? assert.fail("no thread receives");
}

async function receive(upload: Upload, body: SocketBody): Promise<boolean> {
  return (await upload.receiver!(body.length))!(body);
}

test("an upload goes on when the thread with its running hash is gone, whichever way its bytes come, and another thread starts", { skip }, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "sampan-carriers-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  await using carriers = openCarriers()!;
  const adopted: string[] = [];
  await using uploads = createFolderUploads({ folder, expiry: 60_000, limit: 10, carriers, adopt: async (_handle, _path, digest) => void adopted.push(digest) });
  const server = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.close());
  const opened: Socket[] = [];
  context.after(() => opened.forEach((socket) => socket.destroy()));
  /** The server's end of a connection over which the bytes come. */
  const over = async (bytes: Uint8Array): Promise<OpenSocket> => {
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    const [socket] = (await once(server, "connection")) as [Socket];
    opened.push(client, socket);
    client.write(bytes);
    return { fd: (socket as unknown as { _handle: { fd: number } })._handle.fd, idle: 10_000, signal: new AbortController().signal };
  };
  const content = randomBytes(1_000_000);
  const digest = `sha256:${createHash("sha256").update(content).digest("hex")}` as const;
  const first = content.subarray(0, 600_000);
  const rest = content.subarray(first.length);

  for (const broken of [false, true]) {
    const carrier = await receiverOf(carriers);
    const upload = (await uploads.create("app", "sha256"))!;
    const other = (await uploads.create("app", "sha256"))!;
    assert.equal(await upload.exclusively(async () => {
      assert.equal(await receive(upload, { socket: await over(first), first: Buffer.alloc(0), length: first.length }), true);
    }), "done");
    if (broken) {
      // One that works when the thread dies is lost, and says so.
      const lost = other.exclusively(async () => void (await receive(other, { socket: await over(first), first: Buffer.alloc(0), length: content.length })));
      const seen = assert.rejects(lost);
      for (let round = 0; round < 500 && carrier.busy === 0; round += 1) await wait(10);
      assert.equal(carrier.busy, 1);
      await assert.rejects(carrier.carry(await over(first), { kind: "receive", file: -1, position: 0, length: 1, first: Buffer.alloc(0), upload: "x", algorithm: "none" as "sha256" }));
      await seen;
      assert.equal(carrier.ended, true);
      assert.deepEqual(await carrier.carry(await over(first), { kind: "send", file: -1, position: 0, length: 1 }), { moved: 0, left: true });
      carrier.forget("x");
      assert.equal(await uploads.find("app", other.id), undefined);
      assert.equal(await upload.receiver!(content.length), undefined);
    }
    assert.equal(await upload.exclusively(async () => {
      if (broken) assert.equal(await upload.append((async function* () { yield rest; })()), true);
      else assert.equal(await receive(upload, { socket: await over(rest.subarray(7)), first: rest.subarray(0, 7), length: rest.length }), true);
      assert.equal(await upload.verify(`sha256:${"0".repeat(64)}`), false);
      assert.equal(await upload.verify(digest), true);
      await upload.store(digest);
    }), "done");
  }
  assert.deepEqual(adopted, [digest, digest]);
  assert.equal((await receiverOf(carriers)).ended, false);
});

test("a thread that has nothing to do for a while ends, but not while it has the hash of an upload that goes on", { skip }, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "sampan-carriers-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  await using carriers = openCarriers()!;
  await using uploads = createFolderUploads({ folder, expiry: 60_000, limit: 10, carriers, adopt: async () => undefined });
  const server = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.close());
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [socket] = (await once(server, "connection")) as [Socket];
  context.after(() => [client, socket].forEach((each) => each.destroy()));
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const upload = (await uploads.create("app", "sha256"))!;
  const content = randomBytes(10_000);
  client.write(content);
  const carrier = await receiverOf(carriers);
  await upload.exclusively(async () => {
    const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
    const receiver = (await upload.receiver!(8 * 1024 * 1024))!;
    assert.equal(await receiver({ socket: { fd, idle: 10_000, signal: new AbortController().signal }, first: Buffer.alloc(0), length: content.length }), true);
  });
  context.mock.timers.tick(60_000);
  assert.equal(carrier.ended, false, "it has a running hash");
  await upload.cancel();
  context.mock.timers.tick(60_000);
  assert.equal(carrier.ended, true);
  const next = await receiverOf(carriers);
  assert.notEqual(next, carrier);
  assert.equal(next.ended, false);
});
