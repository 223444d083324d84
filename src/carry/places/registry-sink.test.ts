import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { reply, startScriptedServer } from "../../../test/support/scripted-server.ts";
import { sha256 } from "../../oci/digest.ts";
import { createRegistryClient, type RegistryClient } from "../../registry/client.ts";
import { registrySink } from "./registry-sink.ts";
import { registrySource } from "./registry-source.ts";

const client = (): RegistryClient => createRegistryClient({ credentials: { find: () => undefined }, environment: {}, connections: 8, retry: { base: 50 } });

/** More than a connection reads ahead: it is not free before its reader goes on. */
const blobs = Array.from({ length: 24 }, () => randomBytes(400_000)).map((bytes) => ({ bytes, mediaType: "application/octet-stream", digest: sha256(bytes), size: bytes.length }));

test("where a target puts the first uploads off, those that go on get connections to the source", { timeout: 60_000 }, async () => {
  let opened = 0;
  await using from = await startScriptedServer(({ url }, response) => reply(response, 200, {}, blobs.find(({ digest }) => url.endsWith(digest))?.bytes ?? ""), { patient: true });
  await using to = await startScriptedServer(({ method, url }, response) => {
    if (method === "PUT") return reply(response, 201);
    if (method !== "POST") return reply(response, method === "HEAD" ? 404 : 200);
    opened += 1;
    reply(response, opened <= 8 ? 503 : 202, { location: `${url}${opened}` });
  }, { patient: true });
  await using reader = client();
  await using writer = client();
  const source = registrySource(reader, { host: from.host, repository: "a", tag: "1" });
  const sink = registrySink(writer, { host: to.host, repository: "b", tag: "1" });
  const { signal } = new AbortController();
  await Promise.all(blobs.map((blob) => sink.blobPut(blob, (start) => source.blobOpen(blob, { start, afresh: false, lend: true, signal }), { onBytes: () => undefined, signal })));
  assert.equal(to.requests.filter(({ method }) => method === "PUT").length, blobs.length);
});
