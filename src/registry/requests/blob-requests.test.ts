import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { isFault, type FaultCode } from "../../std/fault.ts";
import { sha256 } from "../../oci/digest.ts";
import { parseReference } from "../../oci/reference.ts";
import { reply, startScriptedServer, type ScriptedServer, type SeenRequest } from "../../../test/support/scripted-server.ts";
import { createTestClock } from "../../../test/support/test-clock.ts";
import { createRegistryClient, type RegistryClient } from "../client.ts";
import { anonymous } from "../credentials/credentials.ts";

const content = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
const descriptor = { digest: sha256(content), size: content.length };

const open = (options: { idle?: number } = {}): RegistryClient =>
  createRegistryClient({ credentials: anonymous, environment: {}, clock: createTestClock(), ...(options.idle ? { timeouts: { idle: options.idle }, retry: { attempts: 2 } } : {}) });

/** A server whose blob requests are answered by the given steps in turn, the last one for ever. */
function serve(...steps: ((request: SeenRequest, response: ServerResponse) => void)[]): Promise<ScriptedServer> {
  let turn = 0;
  return startScriptedServer((request, response) => {
    if (request.url === "/v2/") return reply(response, 200);
    const step = steps[Math.min(turn, steps.length - 1)]!;
    turn += 1;
    step(request, response);
  });
}

async function get(client: RegistryClient, server: ScriptedServer, options: { start?: number } = {}): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of client.blobGet(parseReference(`${server.host}/a`), descriptor, options)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const rejects = (work: Promise<unknown>, code: FaultCode): Promise<void> =>
  assert.rejects(work, (error) => (assert.ok(isFault(error, code), `${code} was expected: ${String(error)}`), true));

const whole = (_request: SeenRequest, response: ServerResponse): void => reply(response, 200, {}, content);
const partial = (request: SeenRequest, response: ServerResponse): void => {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")![1]);
  reply(response, 206, { "content-range": `bytes ${start}-${content.length - 1}/${content.length}` }, content.subarray(start));
};
/** Promises everything, sends only so much, and hangs up. */
const cut = (bytes: number) => (_request: SeenRequest, response: ServerResponse): void => {
  response.writeHead(200, { "content-length": String(content.length) });
  response.write(content.subarray(0, bytes), () => setTimeout(() => response.socket?.destroy(), 20));
};

test("a blob comes whole", async () => {
  await using server = await serve(whole);
  await using client = open();
  assert.ok((await get(client, server)).equals(content));
});

test("a blob is read from a byte on", async () => {
  await using server = await serve(partial);
  await using client = open();
  assert.ok((await get(client, server, { start: 99_000 })).equals(content.subarray(99_000)));
});

test("a body that breaks off is continued by Range", async () => {
  await using server = await serve(cut(40_000), partial);
  await using client = open();
  assert.ok((await get(client, server)).equals(content));
  assert.match(server.requests.at(-1)!.headers.range!, /^bytes=[1-9]\d*-$/);
});

test("a server that knows no Range sends everything again, and what we have is passed over", async () => {
  await using server = await serve(cut(40_000), whole);
  await using client = open();
  assert.ok((await get(client, server)).equals(content));
});

test("a body that always breaks off at the same place is BLOB_TRUNCATED", async () => {
  await using server = await serve(cut(40_000));
  await using client = open();
  await rejects(get(client, server), "BLOB_TRUNCATED");
});

test("a line that brings the blob drop by drop is given up, one that brings large pieces is not", async () => {
  const blob = Buffer.alloc(400_000, 1);
  const inPieces = (size: number) => ({ headers }: SeenRequest, response: ServerResponse): void => {
    const start = Number(/bytes=(\d+)-/.exec(headers.range ?? "")?.[1] ?? 0);
    response.writeHead(start > 0 ? 206 : 200, { "content-length": blob.length - start, "content-range": `bytes ${start}-${blob.length - 1}/${blob.length}` });
    response.write(blob.subarray(start, start + size), () => response.socket!.end());
  };
  await using drops = await serve(inPieces(1));
  await using pieces = await serve(inPieces(66_000));
  await using client = open();
  const read = async ({ host }: ScriptedServer): Promise<number> => {
    let size = 0;
    for await (const chunk of client.blobGet(parseReference(`${host}/a`), { digest: sha256(blob), size: blob.length })) size += chunk.length;
    return size;
  };
  await rejects(read(drops), "BLOB_TRUNCATED");
  assert.equal(await read(pieces), blob.length);
  assert.equal(pieces.requests.length, 8);
});

test("a body that ends early without saying its length is BLOB_TRUNCATED", async () => {
  await using server = await serve((_request, response) => void response.writeHead(200).end(content.subarray(0, 100)));
  await using client = open();
  await rejects(get(client, server), "BLOB_TRUNCATED");
});

test("a Content-Length that is not the blob's size is refused before a byte is read, when it comes twice", async () => {
  const wrong = (_request: SeenRequest, response: ServerResponse): void => reply(response, 200, {}, content.subarray(1));
  await using server = await serve(wrong);
  await using once = await serve(wrong, whole);
  await using later = await serve(cut(40_000), wrong, partial);
  await using client = open();
  const blobRequests = ({ requests }: ScriptedServer): number => requests.filter(({ url }) => url !== "/v2/").length;
  await rejects(get(client, server), "RESPONSE_INVALID");
  assert.equal(blobRequests(server), 2);
  assert.ok((await get(client, once)).equals(content));
  assert.equal(blobRequests(once), 2);
  assert.ok((await get(client, later)).equals(content));
});

test("a body that is longer than the blob is refused", async () => {
  await using server = await serve((_request, response) => void response.writeHead(200).end(Buffer.concat([content, content])));
  await using client = open();
  await rejects(get(client, server), "RESPONSE_INVALID");
});

test("a registry that gives a part of the range at a time is asked for the next one, and gets nowhere with nothing", async () => {
  const slice = (bytes: number) => (request: SeenRequest, response: ServerResponse): void => {
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")![1]);
    const part = content.subarray(start, start + bytes);
    reply(response, 206, { "content-range": `bytes ${start}-${start + part.length - 1}/${content.length}` }, part);
  };
  await using server = await serve(slice(70_000));
  await using stuck = await serve(slice(0));
  await using client = open();
  assert.ok((await get(client, server, { start: 1 })).equals(content.subarray(1)));
  assert.equal(server.requests.filter(({ headers }) => headers.range !== undefined).length, 2);
  await rejects(get(client, stuck, { start: 1 }), "RESPONSE_INVALID");
});

test("other bytes of the right length are BLOB_DIGEST_MISMATCH", async () => {
  await using server = await serve((_request, response) => reply(response, 200, {}, Buffer.alloc(content.length)));
  await using client = open();
  await rejects(get(client, server), "BLOB_DIGEST_MISMATCH");
});

test("a range that begins elsewhere and a packed body are refused", async () => {
  await using server = await serve(cut(40_000), (_request, response) =>
    reply(response, 206, { "content-range": `bytes 99999-99999/${content.length}` }, content.subarray(99_999)));
  await using packed = await serve((_request, response) => reply(response, 200, { "content-encoding": "gzip" }, content));
  await using client = open();
  await rejects(get(client, server), "RESPONSE_INVALID");
  await rejects(get(client, packed), "RESPONSE_INVALID");
});

test("a body that stops coming is REGISTRY_TIMEOUT after all attempts", async () => {
  await using server = await serve((_request, response) => {
    response.writeHead(200, { "content-length": String(content.length) });
    response.write(content.subarray(0, 10));
  });
  await using client = open({ idle: 60 });
  await rejects(get(client, server), "REGISTRY_TIMEOUT");
});

test("a blob that is not there is BLOB_UNKNOWN", async () => {
  await using server = await serve((_request, response) => reply(response, 404));
  await using client = open();
  await rejects(get(client, server), "BLOB_UNKNOWN");
});

test("a reader that stops early lets go of the connection", async () => {
  await using server = await serve(whole);
  await using client = open();
  for await (const _chunk of client.blobGet(parseReference(`${server.host}/a`), descriptor)) break;
  assert.ok((await get(client, server)).equals(content));
});

test("the blob of no bytes needs no request, and a wrong digest for it is still found", async () => {
  await using server = await serve(whole);
  await using client = open();
  const reference = parseReference(`${server.host}/a`);
  for await (const _chunk of client.blobGet(reference, { digest: sha256(""), size: 0 })) assert.fail("no bytes were expected");
  await rejects(client.blobGet(reference, { digest: descriptor.digest, size: 0 })[Symbol.asyncIterator]().next(), "BLOB_DIGEST_MISMATCH");
});

test("a HEAD tells the size, and nothing when there is no blob", async () => {
  await using server = await serve((_request, response) => void response.writeHead(200, { "content-length": "5" }).end(), (_request, response) => reply(response, 404));
  await using client = open();
  assert.deepEqual(await client.blobHead(parseReference(`${server.host}/a`), descriptor.digest), { size: 5 });
  assert.equal(await client.blobHead(parseReference(`${server.host}/a`), descriptor.digest), undefined);
});

test("a blob of another size than it must have is none; a size that is not told, or told as none, may be any", async () => {
  const sizes: (Record<string, string> | undefined)[] = [{ "content-length": "5" }, { "content-length": "0" }, { "transfer-encoding": "chunked" }, { "content-length": String(descriptor.size) }];
  await using server = await serve(...sizes.map((headers) => (_request: unknown, response: ServerResponse) => void response.writeHead(200, headers).end()));
  await using client = open();
  const ask = (): Promise<unknown> => client.blobHead(parseReference(`${server.host}/a`), descriptor.digest, { push: true, size: descriptor.size });
  assert.deepEqual([await ask(), await ask(), await ask(), await ask()], [undefined, {}, {}, { size: descriptor.size }]);
});
