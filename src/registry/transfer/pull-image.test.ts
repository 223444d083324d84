import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { isFault, type FaultCode } from "../../std/fault.ts";
import type { ProgressEvent } from "../../std/progress.ts";
import type { Digest } from "../../oci/digest.ts";
import { mediaType } from "../../oci/media-type.ts";
import { parsePlatform } from "../../oci/platform.ts";
import { parseReference } from "../../oci/reference.ts";
import { addImage, createMemoryStore, type MemoryStore } from "../../../test/support/memory-store.ts";
import { reply, startScriptedServer, type ScriptedServer, type SeenRequest } from "../../../test/support/scripted-server.ts";
import { createTestClock } from "../../../test/support/test-clock.ts";
import { createRegistryClient, type RegistryClient } from "../client.ts";
import { anonymous } from "../credentials/credentials.ts";
import { pullImage } from "./pull-image.ts";
import type { PushableImage } from "./push-image.ts";

const platform = parsePlatform("linux/amd64");
const open = (mirrors?: Map<string, string[]>): RegistryClient =>
  createRegistryClient({ credentials: anonymous, environment: {}, clock: createTestClock(), ...(mirrors ? { mirrors } : {}) });

/** A registry that has one image under every tag; `blob` may answer in its place. */
function serve(store: MemoryStore, image: PushableImage, blob?: (digest: Digest, request: SeenRequest, response: ServerResponse) => boolean): Promise<ScriptedServer> {
  return startScriptedServer((request, response) => {
    if (request.url === "/v2/") return reply(response, 200);
    if (request.url.includes("/manifests/")) return reply(response, 200, { "content-type": image.manifest.mediaType }, image.manifest.bytes);
    const digest = request.url.split("/blobs/")[1] as Digest;
    if (blob?.(digest, request, response)) return;
    const bytes = store.blobs.get(digest);
    reply(response, bytes ? 200 : 404, {}, bytes ?? "");
  });
}

const rejects = (work: Promise<unknown>, code: FaultCode): Promise<void> =>
  assert.rejects(work, (error) => (assert.ok(isFault(error, code), `${code} was expected: ${String(error)}`), true));

test("manifest, config and layers come, and each layer is told when it is there", async () => {
  const origin = createMemoryStore();
  const image = addImage(origin, ["one", "two"]);
  await using server = await serve(origin, image);
  await using client = open();
  const target = createMemoryStore();
  const told: number[] = [];
  const pulled = await pullImage(client, parseReference(`${server.host}/a:1`), target, { platform, onLayer: (_layer, position) => told.push(position) });
  assert.deepEqual(pulled.layers, image.layers);
  assert.equal(pulled.manifest.digest, image.digest);
  assert.deepEqual(Buffer.from(pulled.config), Buffer.from(origin.blobs.get(image.config.digest)!));
  assert.deepEqual(image.layers.map(({ digest }) => Buffer.from(target.blobs.get(digest)!).toString()), ["one", "two"]);
  assert.deepEqual(told.sort(), [0, 1]);
});

test("layers that the target has are not asked for, and the same layer twice is fetched once", async () => {
  const origin = createMemoryStore();
  const image = addImage(origin, ["one", "two", "two"]);
  await using server = await serve(origin, image);
  await using client = open();
  const target = createMemoryStore();
  target.add("one");
  const events: ProgressEvent[] = [];
  await pullImage(client, parseReference(`${server.host}/a:1`), target, { platform, onProgress: (event) => events.push(event) });
  const asked = server.requests.filter(({ url }) => url.includes("/blobs/")).map(({ url }) => url.split("/blobs/")[1]);
  assert.deepEqual(asked.sort(), [image.config.digest, image.layers[1]!.digest].sort());
  const last = events.filter((event) => event.type === "transfer" && event.completed !== undefined);
  assert.deepEqual(last.map((event) => event.type === "transfer" && [event.action, event.current, event.total]).sort(), [["exists", 3, 3], ["pulling", 3, 3]]);
});

test("layers can be left out", async () => {
  const origin = createMemoryStore();
  const image = addImage(origin, ["one"]);
  await using server = await serve(origin, image);
  await using client = open();
  const target = createMemoryStore();
  const pulled = await pullImage(client, parseReference(`${server.host}/a:1`), target, { platform, layers: "none" });
  assert.equal(target.blobs.size, 0);
  assert.equal(pulled.layers.length, 1);
});

test("a layer with other bytes is BLOB_DIGEST_MISMATCH, keeps nothing, and was asked for twice", async () => {
  const origin = createMemoryStore();
  const image = addImage(origin, ["one"]);
  await using server = await serve(origin, image, (digest, _request, response) => digest === image.layers[0]!.digest && (reply(response, 200, {}, "two"), true));
  await using client = open();
  const target = createMemoryStore();
  await rejects(pullImage(client, parseReference(`${server.host}/a:1`), target, { platform }), "BLOB_DIGEST_MISMATCH");
  assert.equal(target.blobs.size, 0);
  assert.equal(server.requests.filter(({ url }) => url.endsWith(image.layers[0]!.digest)).length, 2);
});

test("a target that hides a wrong digest is found out", async () => {
  const origin = createMemoryStore();
  const image = addImage(origin, ["one"]);
  await using server = await serve(origin, image, (digest, _request, response) => digest === image.layers[0]!.digest && (reply(response, 200, {}, "two"), true));
  await using client = open();
  const careless = createMemoryStore();
  const target = { has: () => false, write: (source: AsyncIterable<Uint8Array>) => careless.write(source, {}) };
  await rejects(pullImage(client, parseReference(`${server.host}/a:1`), target, { platform }), "BLOB_DIGEST_MISMATCH");
});

test("a wrong config is BLOB_DIGEST_MISMATCH", async () => {
  const origin = createMemoryStore();
  const image = addImage(origin, []);
  await using server = await serve(origin, image, (digest, _request, response) => digest === image.config.digest && (reply(response, 200, {}, Buffer.alloc(image.config.size)), true));
  await using client = open();
  await rejects(pullImage(client, parseReference(`${server.host}/a:1`), createMemoryStore(), { platform }), "BLOB_DIGEST_MISMATCH");
});

test("what a mirror has spoilt comes from the registry itself", async () => {
  const origin = createMemoryStore();
  const image = addImage(origin, ["one"]);
  await using registry = await serve(origin, image);
  await using mirror = await serve(origin, image, (digest, _request, response) => digest === image.layers[0]!.digest && (reply(response, 200, {}, "two"), true));
  await using client = open(new Map([[registry.host, [mirror.origin]]]));
  const target = createMemoryStore();
  await pullImage(client, parseReference(`${registry.host}/a:1`), target, { platform });
  assert.ok(target.blobs.has(image.layers[0]!.digest));
  assert.ok(mirror.requests.some(({ url }) => url.endsWith(image.layers[0]!.digest)));
});

test("one broken layer stops the others, and its fault is the one that is told", { timeout: 60_000 }, async () => {
  const origin = createMemoryStore();
  const image = addImage(origin, ["missing", "slow"]);
  const closed: Promise<void>[] = [];
  await using server = await serve(origin, image, (digest, _request, response) => {
    if (digest === image.layers[0]!.digest) return reply(response, 404), true;
    if (digest !== image.layers[1]!.digest) return false;
    closed.push(new Promise((resolve) => response.on("close", resolve)));
    response.writeHead(200, { "content-length": "4" }).write("s");
    return true;
  });
  await using client = open();
  await rejects(pullImage(client, parseReference(`${server.host}/a:1`), createMemoryStore(), { platform }), "BLOB_UNKNOWN");
  await Promise.all(closed); // if it was asked for at all
});

test("an abort leaves nothing running", async () => {
  const origin = createMemoryStore();
  const image = addImage(origin, ["slow"]);
  await using server = await serve(origin, image, (digest, _request, response) => digest === image.layers[0]!.digest && (response.writeHead(200, { "content-length": "4" }).write("s"), true));
  await using client = open();
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error("enough")), 50);
  await assert.rejects(pullImage(client, parseReference(`${server.host}/a:1`), createMemoryStore(), { platform, signal: controller.signal }), /enough/);
});

test("schema 1 and unknown types are named, not taken for an image", async () => {
  for (const type of ["application/vnd.docker.distribution.manifest.v1+prettyjws", "application/vnd.example.thing"]) {
    const store = createMemoryStore();
    const bytes = Buffer.from('{"schemaVersion":1}');
    await using server = await serve(store, { ...addImage(store, []), manifest: { bytes, mediaType: type } });
    await using client = open();
    await rejects(pullImage(client, parseReference(`${server.host}/a:1`), store, { platform }), "MANIFEST_UNSUPPORTED");
  }
});

test("a manifest that is no manifest is DOCUMENT_INVALID", async () => {
  const store = createMemoryStore();
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaType.ociManifest, config: { digest: "sha256:../../etc" }, layers: [] }));
  await using server = await serve(store, { ...addImage(store, []), manifest: { bytes, mediaType: mediaType.ociManifest } });
  await using client = open();
  await rejects(pullImage(client, parseReference(`${server.host}/a:1`), store, { platform }), "DOCUMENT_INVALID");
});

test("an image for another platform is taken where there is no index, with a warning", async () => {
  const origin = createMemoryStore();
  const image = addImage(origin, [], { os: "linux", architecture: "s390x" });
  await using server = await serve(origin, image);
  await using client = open();
  const events: ProgressEvent[] = [];
  await pullImage(client, parseReference(`${server.host}/a:1`), createMemoryStore(), { platform, onProgress: (event) => events.push(event) });
  assert.ok(events.some((event) => event.type === "warning" && /linux\/s390x/.test(event.message)));
});
