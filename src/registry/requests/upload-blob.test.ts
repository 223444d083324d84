import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { fault, isFault, type FaultCode } from "../../std/fault.ts";
import { sha256 } from "../../oci/digest.ts";
import { parseReference } from "../../oci/reference.ts";
import { registryError, reply, startScriptedServer, type SeenRequest } from "../../../test/support/scripted-server.ts";
import { until } from "../../../test/support/process-tree.ts";
import { createTestClock } from "../../../test/support/test-clock.ts";
import { accepted, blob, content, created, openClient, script, type Steps } from "../../../test/support/upload-script.ts";
import { createRegistryClient } from "../client.ts";
import { anonymous } from "../credentials/credentials.ts";
import type { UploadBlob } from "./upload-requests.ts";

test("a blob goes by POST and one PUT with its length, and the query of the Location stays as it is", async () => {
  await using server = await startScriptedServer(script({ POST: [accepted("/v2/a/blobs/uploads/1?_state=x%2By&b=")], PUT: [created] }));
  await using client = openClient();
  const sent: number[] = [];
  await client.blobPut(parseReference(`${server.host}/a`), blob, { onBytes: (bytes) => sent.push(bytes) });
  const put = server.requests.at(-1)!;
  assert.equal(put.url, `/v2/a/blobs/uploads/1?_state=x%2By&b=&digest=${encodeURIComponent(blob.digest)}`);
  assert.equal(put.headers["content-length"], String(blob.size));
  assert.ok(put.body.equals(content));
  assert.equal(sent.at(-1), blob.size);
});

test("a blob of no bytes is sent too", async () => {
  await using server = await startScriptedServer(script({ POST: [accepted("/up")], PUT: [created] }));
  await using client = openClient();
  await client.blobPut(parseReference(`${server.host}/a`), { digest: sha256(""), size: 0, open: async function* () { yield* []; } });
  assert.equal(server.requests.at(-1)!.headers["content-length"], "0");
});

test("an upload that breaks is continued where the registry stands, if it still knows it", async () => {
  const breaks = (_request: SeenRequest, response: ServerResponse): void => void response.socket!.destroy();
  await using server = await startScriptedServer(script({
    POST: [accepted("/up/1")],
    PUT: [breaks, created],
    GET: [(_request, response) => reply(response, 204, { location: "/up/2", range: "0-99999" })],
    PATCH: [accepted("/up/3")],
  }));
  await using client = openClient();
  await client.blobPut(parseReference(`${server.host}/a`), blob);
  const [patch, put] = server.requests.slice(-2);
  assert.deepEqual([patch!.method, patch!.url, patch!.headers["content-range"]], ["PATCH", "/up/2", `100000-${blob.size - 1}`]);
  assert.ok(patch!.body.equals(content.subarray(100_000)));
  assert.deepEqual([put!.method, put!.body.length, put!.url.split("?")[0]], ["PUT", 0, "/up/3"]);
});

test("an upload that the registry has forgotten is begun anew", async () => {
  await using server = await startScriptedServer(script({
    POST: [accepted("/up/1"), accepted("/up/2")],
    PUT: [(_request, response) => reply(response, 404, {}, registryError("BLOB_UPLOAD_UNKNOWN", "gone")), created],
    GET: [(_request, response) => reply(response, 404)],
  }));
  await using client = openClient();
  await client.blobPut(parseReference(`${server.host}/a`), blob);
  const put = server.requests.at(-1)!;
  assert.equal(put.url.split("?")[0], "/up/2");
  assert.ok(put.body.equals(content));
});

test("an upload whose answer was lost is not repeated when the blob has arrived", async () => {
  let arrived = false;
  await using server = await startScriptedServer((request, response) => {
    if (request.url === "/v2/") return reply(response, 200);
    if (request.method === "HEAD") return reply(response, arrived ? 200 : 404);
    if (request.method === "POST") return reply(response, 202, { location: "/up" });
    arrived = true;
    response.socket!.destroy();
  });
  await using client = openClient();
  await client.blobPut(parseReference(`${server.host}/a`), blob);
  assert.equal(server.requests.filter(({ method }) => method === "PUT").length, 1);
});

test("a registry that fails with every upload is told after all attempts", async () => {
  await using server = await startScriptedServer(script({ POST: [accepted("/up")], PUT: [(_request, response) => reply(response, 500)], GET: [(_request, response) => reply(response, 404)] }));
  await using client = openClient();
  await assert.rejects(client.blobPut(parseReference(`${server.host}/a`), blob), (error) => isFault(error, "REGISTRY_SERVER_ERROR"));
  assert.equal(server.requests.filter(({ method }) => method === "PUT").length, 5);
});

test("an upload that cannot even be opened is not opened more often than any request is made", async () => {
  await using server = await startScriptedServer(script({ POST: [(_request, response) => reply(response, 500)] }));
  await using client = openClient();
  await assert.rejects(client.blobPut(parseReference(`${server.host}/a`), blob), (error) => isFault(error, "REGISTRY_SERVER_ERROR"));
  assert.equal(server.requests.filter(({ method }) => method === "POST").length, 5);
});

test("a registry that wants no upload for an hour is not asked again", async () => {
  const later = (_request: unknown, response: ServerResponse): void => reply(response, 429, { "retry-after": "3600" });
  await using server = await startScriptedServer(script({ POST: [accepted("/up")], PUT: [later], GET: [(_request, response) => reply(response, 404)] }));
  await using client = openClient();
  await assert.rejects(client.blobPut(parseReference(`${server.host}/a`), blob), (error) => isFault(error, "REGISTRY_LIMIT") && /3600 s/.test(error.hint ?? ""));
  assert.equal(server.requests.filter(({ method }) => method === "PUT").length, 1);
});

test("a refusal of the bytes is told at once", async () => {
  await using server = await startScriptedServer(script({ POST: [accepted("/up")], PUT: [(_request, response) => reply(response, 413)] }));
  await using client = openClient();
  await assert.rejects(client.blobPut(parseReference(`${server.host}/a`), blob), (error) => isFault(error, "REGISTRY_REFUSED") && /proxy/.test(error.hint ?? ""));
});

test("a refusal before all bytes were sent is understood", async () => {
  const large: UploadBlob = { digest: blob.digest, size: 50_000_000, open: async function* () { for (let i = 0; i < 1000; i += 1) yield Buffer.alloc(50_000); } };
  await using server = await startScriptedServer(
    (request, response) => {
      if (request.url === "/v2/") return reply(response, 200);
      if (request.method === "POST") return reply(response, 202, { location: "/up" });
      reply(response, request.method === "PUT" ? 403 : 404, { connection: "close" }, request.method === "PUT" ? registryError("DENIED", "read only") : "");
    },
    { eager: true },
  );
  await using client = openClient();
  await assert.rejects(client.blobPut(parseReference(`${server.host}/a`), large), (error) => isFault(error, "REGISTRY_DENIED") || isFault(error, "REGISTRY_UNREACHABLE"));
});

test("a registry that takes no bytes is REGISTRY_TIMEOUT", async () => {
  const endless: UploadBlob = { digest: blob.digest, size: 50_000_000, open: async function* () { for (let i = 0; i < 1000; i += 1) yield Buffer.alloc(50_000); } };
  const { createServer } = await import("node:http");
  const server = createServer((request, response) => {
    if (request.method === "PUT") return void request.pause();
    request.resume();
    reply(response, request.method === "POST" ? 202 : request.method === "HEAD" || request.url !== "/v2/" ? 404 : 200, { location: "/up" });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await using client = openClient(600);
    const reference = parseReference(`127.0.0.1:${(server.address() as { port: number }).port}/a`);
    await assert.rejects(client.blobPut(reference, endless), (error) => isFault(error, "REGISTRY_TIMEOUT") && /take data/.test(error.message));
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("what goes wrong while reading the blob here is not taken for trouble with the registry", async () => {
  await using server = await startScriptedServer(script({ POST: [accepted("/up")], PUT: [created] }));
  await using client = openClient();
  const unreadable: UploadBlob = { ...blob, open: async function* () { yield content.subarray(0, 10); throw new Error("the disk is broken"); } };
  await assert.rejects(client.blobPut(parseReference(`${server.host}/a`), unreadable), /the disk is broken/);
});

test("nor is trouble with another registry that it comes from, which was asked as often as is worth it", async () => {
  await using server = await startScriptedServer(script({ POST: [accepted("/up")], PUT: [created] }));
  await using client = openClient();
  let opened = 0;
  const afar = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    opened += 1;
    yield content.subarray(0, 10);
    throw fault("REGISTRY_LIMIT", { host: "elsewhere" });
  };
  await assert.rejects(client.blobPut(parseReference(`${server.host}/a`), { ...blob, open: afar }), (error) => isFault(error, "REGISTRY_LIMIT") && /elsewhere/.test(error.message));
  assert.equal(opened, 1);
});

test("an upload that the registry says to have more of than the blob has is begun anew; so is one whose rest it refuses", async () => {
  const breaks = (_request: SeenRequest, response: ServerResponse): void => void response.socket!.destroy();
  const has = (range: string) => (_request: SeenRequest, response: ServerResponse): void => reply(response, 204, { location: "/up/2", range });
  const refuses = (_request: SeenRequest, response: ServerResponse): void => reply(response, 400, {}, registryError("DIGEST_INVALID", "no"));
  const cases: readonly Steps[] = [{ GET: [has("0-999999999")], PUT: [breaks, created] }, { GET: [has("0-99999")], PATCH: [accepted("/up/3")], PUT: [breaks, refuses, created] }];
  for (const steps of cases) {
    await using server = await startScriptedServer(script({ POST: [accepted("/up/1"), accepted("/up/4")], ...steps }));
    await using client = openClient();
    await client.blobPut(parseReference(`${server.host}/a`), blob);
    const put = server.requests.at(-1)!;
    assert.equal(put.url.split("?")[0], "/up/4");
    assert.ok(put.body.equals(content));
  }
});

test("an answer without Location is an invalid one", async () => {
  await using server = await startScriptedServer(script({ POST: [(_request, response) => reply(response, 202)] }));
  await using client = openClient();
  await assert.rejects(client.blobPut(parseReference(`${server.host}/a`), blob), (error) => isFault(error, "RESPONSE_INVALID"));
});

test("an upload to another host goes there without Authorization", async () => {
  await using storage = await startScriptedServer((_request, response) => reply(response, 201));
  await using server = await startScriptedServer((request, response) => {
    if (!request.headers.authorization) return reply(response, 401, { "www-authenticate": 'Basic realm="x"' });
    reply(response, request.method === "POST" ? 202 : 200, { location: `${storage.origin}/up` });
  });
  await using client = createRegistryClient({ credentials: { find: () => ({ username: "a", password: "b", source: "test" }) }, environment: {} });
  await client.blobPut(parseReference(`${server.host}/a`), blob);
  assert.equal(storage.requests[0]!.headers.authorization, undefined);
  assert.ok(storage.requests[0]!.body.equals(content));
});

async function* pieces(): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < content.length; at += 50_000) yield content.subarray(at, at + 50_000);
}
const streamed = { open: pieces, whole: Promise.resolve({ digest: blob.digest, size: blob.size }) };

test("a blob that is still being made goes by one PATCH of unknown length, and its digest with the PUT after it", async () => {
  await using server = await startScriptedServer(script({ POST: [accepted("/up/1")], PATCH: [accepted("/up/2?s=1")], PUT: [created] }));
  await using client = openClient();
  const sent: number[] = [];
  await client.blobStream(parseReference(`${server.host}/a`), streamed, { onBytes: (bytes) => sent.push(bytes) });
  const [patch, put] = server.requests.slice(-2);
  assert.deepEqual([patch!.method, patch!.url, patch!.headers["content-length"], patch!.headers["transfer-encoding"]], ["PATCH", "/up/1", undefined, "chunked"]);
  assert.ok(patch!.body.equals(content));
  assert.deepEqual([put!.url, put!.headers["content-length"]], [`/up/2?s=1&digest=${encodeURIComponent(blob.digest)}`, "0"]);
  assert.equal(sent.at(-1), blob.size);
});

test("a registry that does not take such a PATCH, breaks off or finds another digest is told once, and the upload given up", async () => {
  const breaks = (_request: SeenRequest, response: ServerResponse): void => void response.socket!.destroy();
  const refuses = (status: number, code: string) => (_request: SeenRequest, response: ServerResponse): void => reply(response, status, {}, registryError(code, "no"));
  const cases: readonly (readonly [Steps, FaultCode])[] = [
    [{ PATCH: [refuses(411, "SIZE_INVALID")] }, "REGISTRY_REFUSED"],
    [{ PATCH: [breaks] }, "REGISTRY_UNREACHABLE"],
    [{ PATCH: [accepted("/up/1")], PUT: [refuses(400, "DIGEST_INVALID")] }, "REGISTRY_REFUSED"],
  ];
  for (const [steps, code] of cases) {
    await using server = await startScriptedServer(script({ POST: [accepted("/up/1")], DELETE: [(_request, response) => reply(response, 204)], ...steps }));
    await using client = openClient();
    await assert.rejects(client.blobStream(parseReference(`${server.host}/a`), streamed), (error) => isFault(error, code));
    await until(() => server.requests.at(-1)!.method === "DELETE");
    assert.equal(server.requests.filter(({ method }) => method === "PATCH").length, 1);
  }
});

test("a stream whose maker fails is given up with the maker's error", async () => {
  await using server = await startScriptedServer(script({ POST: [accepted("/up/1")], PATCH: [accepted("/up/1")], DELETE: [(_request, response) => reply(response, 204)] }));
  await using client = openClient();
  const failing = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    yield content.subarray(0, 1000);
    throw new Error("the disk is full");
  };
  await assert.rejects(client.blobStream(parseReference(`${server.host}/a`), { open: failing, whole: new Promise(() => undefined) }), /the disk is full/);
});

for (const status of [408, 499, 503, 522]) {
  test(`an upload that meets status ${status} is tried again, as late as the registry asks`, async () => {
    const clock = createTestClock();
    const later = (_: SeenRequest, response: ServerResponse): void => reply(response, status, { "retry-after": "7" });
    await using server = await startScriptedServer(script({ POST: [accepted("/up/1")], PUT: [later, created] }));
    await using client = createRegistryClient({ credentials: anonymous, environment: {}, clock });
    await client.blobPut(parseReference(`${server.host}/a`), blob);
    assert.deepEqual(clock.slept, [7_000]);
  });
}

test("a registry that asks to wait longer than we would is told as a fault", async () => {
  const later = (_: SeenRequest, response: ServerResponse): void => reply(response, 503, { "retry-after": "3600" });
  await using server = await startScriptedServer(script({ POST: [accepted("/up/1")], PUT: [later] }));
  await using client = openClient();
  await assert.rejects(client.blobPut(parseReference(`${server.host}/a`), blob), (error) => isFault(error, "REGISTRY_SERVER_ERROR") && /3600 s/.test(error.hint!));
});
