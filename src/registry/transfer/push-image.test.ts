import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../../std/fault.ts";
import type { ProgressEvent } from "../../std/progress.ts";
import { sha256 } from "../../oci/digest.ts";
import { parseReference } from "../../oci/reference.ts";
import { addImage, createMemoryStore } from "../../../test/support/memory-store.ts";
import { registryError, reply, startScriptedServer, type SeenRequest } from "../../../test/support/scripted-server.ts";
import { createTestClock } from "../../../test/support/test-clock.ts";
import { createRegistryClient, type RegistryClient } from "../client.ts";
import { anonymous } from "../credentials/credentials.ts";
import { pushImage } from "./push-image.ts";

const open = (): RegistryClient => createRegistryClient({ credentials: anonymous, environment: {}, clock: createTestClock() });
const lines = (requests: readonly SeenRequest[], method: string): string[] => requests.filter((request) => request.method === method).map(({ url }) => decodeURIComponent(url));

/** A registry that has some blobs by path, mounts from some repositories and takes everything else. */
function serve(options: { has?: string[]; mountable?: string[]; refuse?: (request: SeenRequest) => boolean } = {}) {
  let uploads = 0;
  return startScriptedServer((request, response) => {
    if (options.refuse?.(request)) return reply(response, 403, {}, registryError("DENIED", "no"));
    if (request.url === "/v2/") return reply(response, 200);
    if (request.method === "HEAD") return reply(response, options.has?.some((digest) => request.url.endsWith(digest)) ? 200 : 404);
    if (request.method === "DELETE") return reply(response, 204);
    if (request.method !== "POST") return reply(response, 201);
    const from = new URL(request.url, "http://x").searchParams.get("from");
    reply(response, from !== null && options.mountable?.includes(from) ? 201 : 202, { location: `/up/${(uploads += 1)}` });
  });
}

test("missing blobs are sent, the manifest goes last, and the bytes are counted", async () => {
  const store = createMemoryStore();
  const image = addImage(store, ["a layer", "another one"]);
  await using server = await serve({ has: [image.layers[0]!.digest] });
  await using client = open();
  const events: ProgressEvent[] = [];
  const pushed = await pushImage(client, parseReference(`${server.host}/a:1`), image, store, { onProgress: (event) => events.push(event) });
  const size = image.layers[1]!.size + image.config.size;
  assert.deepEqual(pushed, { digest: image.digest, bytesSent: size + image.manifest.bytes.length, bytesSaved: image.layers[0]!.size });
  assert.equal(lines(server.requests, "HEAD").length, 3);
  assert.equal(lines(server.requests, "PUT").length, 3);
  assert.equal(server.requests.at(-1)!.url, "/v2/a/manifests/1");
  const actions = events.flatMap((event) => (event.type === "transfer" && event.completed !== undefined ? [event.action] : []));
  assert.deepEqual(actions.sort(), ["exists", "pushing"], "the config is no line of its own");
});

test("where the image is expected to be there, its tag is asked for and each blob; where another one is there, it is pushed", async () => {
  const store = createMemoryStore();
  const [image, other] = [addImage(store, ["a layer", "another one"]), addImage(store, ["something else"])];
  let there = image;
  await using server = await startScriptedServer((request, response) => {
    if (request.url === "/v2/") return reply(response, 200);
    if (request.method === "HEAD" && request.url === "/v2/a/manifests/1") return reply(response, 200, { "docker-content-digest": there.digest, "content-type": there.manifest.mediaType });
    reply(response, request.method === "PUT" ? 201 : 200);
  });
  await using client = open();
  const push = () => pushImage(client, parseReference(`${server.host}/a:1`), image, store, { unchanged: true });
  const whole = [...image.layers, image.config].reduce((sum, { size }) => sum + size, image.manifest.bytes.length);
  assert.deepEqual(await push(), { digest: image.digest, bytesSent: 0, bytesSaved: whole });
  assert.deepEqual(lines(server.requests, "HEAD").sort(), [...[...image.layers, image.config].map(({ digest }) => `/v2/a/blobs/${digest}`).sort(), "/v2/a/manifests/1"]);
  assert.deepEqual(lines(server.requests, "PUT"), []);
  there = other;
  assert.equal((await push()).bytesSent, image.manifest.bytes.length);
  assert.deepEqual(lines(server.requests, "PUT"), ["/v2/a/manifests/1"]);
});

test("what the registry has just been found to have under the name is not asked for again", async () => {
  const store = createMemoryStore();
  const [image, other] = [addImage(store, ["a layer"]), addImage(store, ["something else"])];
  await using server = await serve({ has: [...image.layers, image.config].map(({ digest }) => digest) });
  await using client = open();
  const push = (found: typeof image) => pushImage(client, parseReference(`${server.host}/a:1`), image, store, { unchanged: true, found: Promise.resolve(found.digest) });
  assert.equal((await push(image)).bytesSent, 0);
  assert.equal(lines(server.requests, "HEAD").length, 2, "its blobs alone");
  await push(other);
  assert.equal(lines(server.requests, "HEAD").length, 4, "and not twice");
  assert.deepEqual(lines(server.requests, "PUT"), ["/v2/a/manifests/1"]);
});

/** A registry that has these blobs, and takes a manifest when it has all that the image names. */
function keeping(image: ReturnType<typeof addImage>, has: Set<string>, options: { tag?: string; onManifest?: () => void } = {}) {
  return startScriptedServer(({ method, url }, response) => {
    if (url === "/v2/") return reply(response, 200);
    if (method === "HEAD" && url.includes("/manifests/")) return reply(response, options.tag ? 200 : 404, { "content-type": image.manifest.mediaType, ...(options.tag ? { "docker-content-digest": options.tag } : {}) });
    if (method === "HEAD") return reply(response, [...has].some((digest) => url.endsWith(digest)) ? 200 : 404);
    if (method === "POST") return reply(response, 202, { location: "/up/1" });
    const digest = new URL(url, "http://x").searchParams.get("digest");
    if (digest !== null) has.add(digest);
    else {
      options.onManifest?.();
      if (![...image.layers, image.config].every((blob) => has.has(blob.digest))) return reply(response, 400, {}, registryError("MANIFEST_BLOB_UNKNOWN", "blob unknown to registry"));
    }
    reply(response, 201);
  });
}

test("an image that is there under its tag and is not whole any more is made whole", async () => {
  const store = createMemoryStore();
  const image = addImage(store, ["a layer", "another one"]);
  const all = [...image.layers, image.config];
  for (const lost of [[image.layers[1]!], [image.config], all]) {
    const has = new Set<string>(all.filter((blob) => !lost.includes(blob)).map(({ digest }) => digest));
    await using server = await keeping(image, has, { tag: image.digest });
    await using client = open();
    const sizes = lost.reduce((sum, { size }) => sum + size, 0);
    const pushed = await pushImage(client, parseReference(`${server.host}/a:1`), image, store, { unchanged: true, there: new Set(all.map(({ digest }) => digest)) });
    assert.equal(pushed.bytesSent, sizes + image.manifest.bytes.length);
    assert.ok(all.every(({ digest }) => has.has(digest)));
    assert.deepEqual(lines(server.requests, "PUT").filter((url) => url.includes("/manifests/")), ["/v2/a/manifests/1"]);
  }
});

test("where an image of many layers is expected to be there, its manifest is sent once more, by its digest, instead of a question for each", async () => {
  const store = createMemoryStore();
  const image = addImage(store, Array.from({ length: 9 }, (_, index) => `layer ${index}`));
  const all = [...image.layers, image.config];
  const whole = all.reduce((sum, { size }) => sum + size, 0);
  const has = new Set<string>();
  const tags = { tag: image.digest as string };
  await using server = await keeping(image, has, tags);
  await using client = open();
  const push = async () => {
    server.requests.length = 0;
    const { bytesSent, bytesSaved } = await pushImage(client, parseReference(`${server.host}/a:1`), image, store, { unchanged: true });
    const asked = lines(server.requests, "HEAD").filter((url) => url.includes("/blobs/"));
    return { bytesSent, bytesSaved, asked: asked.length, manifests: lines(server.requests, "PUT").filter((url) => url.includes("/manifests/")) };
  };
  const [byDigest, byTag] = [`/v2/a/manifests/${image.digest}`, "/v2/a/manifests/1"];
  const { length } = image.manifest.bytes;
  const fill = (): void => all.forEach(({ digest }) => has.add(digest));
  fill();
  assert.deepEqual(await push(), { bytesSent: length, bytesSaved: whole, asked: 0, manifests: [byDigest] });
  for (const lost of [[image.layers[4]!], [image.config], all]) {
    lost.forEach(({ digest }) => has.delete(digest));
    const sizes = lost.reduce((sum, { size }) => sum + size, 0);
    assert.deepEqual(await push(), { bytesSent: sizes + length, bytesSaved: whole - sizes, asked: all.length, manifests: [byDigest, byTag] });
    assert.ok(all.every(({ digest }) => has.has(digest)));
  }
  // Where the name stands for something else, the image need not be there.
  tags.tag = sha256("another one");
  assert.deepEqual(await push(), { bytesSent: length, bytesSaved: whole, asked: all.length, manifests: [byTag] });
});

test("a registry that takes no manifests is asked for all blobs of an image that it has", async () => {
  const store = createMemoryStore();
  const image = addImage(store, Array.from({ length: 9 }, (_, index) => `layer ${index}`));
  await using server = await startScriptedServer(({ method, url }, response) => {
    if (url === "/v2/") return reply(response, 200);
    if (method === "PUT") return reply(response, 405, {}, registryError("UNSUPPORTED", "the registry is in read-only mode"));
    reply(response, method === "HEAD" ? 200 : 405, { "docker-content-digest": image.digest, "content-type": image.manifest.mediaType });
  });
  await using client = open();
  const pushed = await pushImage(client, parseReference(`${server.host}/a:1`), image, store, { unchanged: true });
  assert.equal(pushed.bytesSent, 0);
  assert.equal(lines(server.requests, "HEAD").filter((url) => url.includes("/blobs/")).length, image.layers.length + 1);
});

test("who may not push is told so of an image that the registry has", async () => {
  const store = createMemoryStore();
  const image = addImage(store, Array.from({ length: 9 }, (_, index) => `layer ${index}`));
  await using server = await startScriptedServer(({ method }, response) => {
    if (method === "PUT") return reply(response, 403, {}, registryError("DENIED", "requested access to the resource is denied"));
    reply(response, 200, { "docker-content-digest": image.digest, "content-type": image.manifest.mediaType });
  });
  await using client = open();
  await assert.rejects(pushImage(client, parseReference(`${server.host}/a:1`), image, store, { unchanged: true }), (error) => isFault(error, "REGISTRY_DENIED"));
});

test("an image that a registry may have, which does not say what a name stands for, is pushed as a new one", async () => {
  const store = createMemoryStore();
  const image = addImage(store, Array.from({ length: 9 }, (_, index) => `layer ${index}`));
  for (const status of [403, 405]) {
    await using server = await startScriptedServer(({ method, url }, response) => {
      if (method === "HEAD" && url.includes("/manifests/")) return reply(response, status);
      reply(response, method === "PUT" ? 201 : 200);
    });
    await using client = open();
    const pushed = await pushImage(client, parseReference(`${server.host}/a:1`), image, store, { unchanged: true });
    assert.equal(pushed.bytesSent, image.manifest.bytes.length);
    assert.deepEqual(lines(server.requests, "PUT"), ["/v2/a/manifests/1"]);
  }
});

test("what a registry collects between question and manifest is sent, once; what it refuses then is told", async () => {
  const store = createMemoryStore();
  const image = addImage(store, ["a layer", "another one"]);
  const [kept, collected] = image.layers;
  const has = new Set<string>([kept!.digest, collected!.digest]);
  let times = 1;
  await using server = await keeping(image, has, { onManifest: () => { if ((times -= 1) >= 0) has.delete(collected!.digest); } });
  await using client = open();
  const push = (more: Parameters<typeof pushImage>[4] = {}) => pushImage(client, parseReference(`${server.host}/a:1`), image, store, more);
  const pushed = await push();
  assert.deepEqual(pushed, { digest: image.digest, bytesSent: collected!.size + image.config.size + image.manifest.bytes.length, bytesSaved: kept!.size });
  assert.ok(has.has(collected!.digest));
  // So is what was on its way to a repository that had it.
  times = 1;
  assert.equal((await push({ underWay: new Map([[collected!.digest, Promise.resolve("exists" as const)]]) })).bytesSent, collected!.size + image.manifest.bytes.length);
  times = 2;
  server.requests.length = 0;
  await assert.rejects(push(), (error) => isFault(error, "REGISTRY_REFUSED") && /MANIFEST_BLOB_UNKNOWN/.test(error.message));
  assert.equal(lines(server.requests, "PUT").filter((url) => url.includes("/manifests/")).length, 2);
});

test("blobs that a manifest of the registry names are not asked for, and are sent where the registry turns out to have lost them", async () => {
  const store = createMemoryStore();
  const image = addImage(store, ["a layer", "another one", "a third"]);
  const [known, lost, fresh] = image.layers;
  const there = new Set([known!.digest, lost!.digest]);
  const has = new Set([known!.digest]);
  let refusal = { status: 400, code: "MANIFEST_BLOB_UNKNOWN" };
  await using server = await startScriptedServer((request, response) => {
    const { method, url } = request;
    if (url === "/v2/") return reply(response, 200);
    if (method === "HEAD") return reply(response, [...has].some((digest) => url.endsWith(digest)) ? 200 : 404);
    if (method === "POST") return reply(response, 202, { location: "/up/1" });
    const digest = new URL(url, "http://x").searchParams.get("digest");
    if (digest !== null) has.add(digest as typeof image.digest);
    if (digest === null && ![...image.layers, image.config].every((blob) => has.has(blob.digest))) return reply(response, refusal.status, {}, registryError(refusal.code, "blob unknown to registry"));
    reply(response, 201);
  });
  await using client = open();
  const push = () => pushImage(client, parseReference(`${server.host}/a:1`), image, store, { there });
  const sizes = (...blobs: { size: number }[]) => blobs.reduce((sum, { size }) => sum + size, 0);
  for (const each of [refusal, { status: 404, code: "BLOB_UNKNOWN" }, { status: 404, code: "NAME_UNKNOWN" }]) {
    refusal = each;
    has.clear();
    has.add(known!.digest);
    server.requests.length = 0;
    const pushed = await push();
    assert.deepEqual(pushed, { digest: image.digest, bytesSent: sizes(lost!, fresh!, image.config) + image.manifest.bytes.length, bytesSaved: known!.size }, each.code);
    assert.deepEqual(lines(server.requests, "PUT").filter((url) => url.includes("/manifests/")), ["/v2/a/manifests/1", "/v2/a/manifests/1"]);
    // First those that nobody knew of, then all.
    const asked = lines(server.requests, "HEAD").map((url) => there.has(url.slice(url.indexOf("sha256:")) as typeof image.digest));
    assert.deepEqual([asked.length, asked.slice(0, 2), asked.slice(2).filter(Boolean).length], [6, [false, false], 2]);
  }
  server.requests.length = 0;
  assert.equal((await push()).bytesSaved, sizes(...image.layers, image.config));
  assert.equal(lines(server.requests, "HEAD").length, 2);
});

test("a refusal that has nothing to do with what is there is told at once", async () => {
  const store = createMemoryStore();
  const image = addImage(store, ["a layer"]);
  await using server = await serve({ refuse: ({ url, method }) => method === "PUT" && url.includes("/manifests/") });
  await using client = open();
  await assert.rejects(pushImage(client, parseReference(`${server.host}/a:1`), image, store, { there: new Set([image.layers[0]!.digest]) }), (error) => isFault(error, "REGISTRY_DENIED"));
  assert.equal(lines(server.requests, "PUT").filter((url) => url.includes("/manifests/")).length, 1);
});

test("more tags cost one request each", async () => {
  const store = createMemoryStore();
  const image = addImage(store, ["x"]);
  await using server = await serve();
  await using client = open();
  await pushImage(client, parseReference(`${server.host}/a:1`), image, store, { tags: ["1", "2", "latest"] });
  assert.deepEqual(lines(server.requests, "PUT").filter((url) => url.includes("manifests")), ["/v2/a/manifests/1", "/v2/a/manifests/2", "/v2/a/manifests/latest"]);
});

test("a blob of a sister repository is mounted", async () => {
  const store = createMemoryStore();
  const image = addImage(store, ["x"]);
  await using server = await serve({ mountable: ["base"] });
  await using client = open();
  const pushed = await pushImage(client, parseReference(`${server.host}/a:1`), image, store, { mountFrom: ["a", "base"] });
  assert.equal(pushed.bytesSent, image.manifest.bytes.length);
  assert.equal(pushed.bytesSaved, image.config.size + image.layers[0]!.size);
  assert.ok(lines(server.requests, "POST").every((url) => url.endsWith("&from=base")));
});

test("an upload that a failed mount opened is used, and earlier ones are given up", async () => {
  const store = createMemoryStore();
  const image = addImage(store, [Buffer.alloc(200_000)]);
  const layer = image.layers[0]!;
  await using server = await serve({ has: [image.config.digest] });
  await using client = open();
  const refused: string[] = [];
  await pushImage(client, parseReference(`${server.host}/a:1`), image, store, {
    mountFrom: ({ digest }) => (digest === layer.digest ? ["b", "c"] : []),
    onMountRefused: ({ digest }, from) => refused.push(`${digest} ${from}`),
  });
  assert.deepEqual(refused, [`${layer.digest} b`, `${layer.digest} c`]);
  assert.equal(lines(server.requests, "POST").length, 2);
  assert.deepEqual(lines(server.requests, "DELETE"), ["/up/1"]);
  assert.ok(lines(server.requests, "PUT")[0]!.startsWith("/up/2?"));
});

test("the larger a blob is, the more repositories are asked for it, and none that is not known to have it", async () => {
  const store = createMemoryStore();
  for (const [size, asked] of [[1_000, 1], [200_000, 3], [11 * 1024 * 1024, 4]] as const) {
    const image = addImage(store, [Buffer.alloc(size)]);
    await using server = await serve();
    await using client = open();
    const layer = image.layers[0]!.digest;
    await pushImage(client, parseReference(`${server.host}/a:1`), image, store, { mountFrom: ({ digest }) => (digest === layer ? ["a", "b", "c", "d", "e", "f"] : []) });
    assert.deepEqual(lines(server.requests, "POST").filter((url) => url.includes("from=")).map((url) => url.at(-1)), ["b", "c", "d", "e"].slice(0, asked));
  }
});

test("a repository that we may not read does not hinder the push", async () => {
  const store = createMemoryStore();
  const image = addImage(store, ["x"]);
  await using server = await serve({ refuse: ({ url }) => url.includes("from=") });
  await using client = open();
  const pushed = await pushImage(client, parseReference(`${server.host}/a:1`), image, store, { mountFrom: ["closed"] });
  assert.equal(pushed.bytesSaved, 0);
});

test("the tag is not set when a blob could not be sent", async () => {
  const store = createMemoryStore();
  const image = addImage(store, ["x"]);
  await using server = await serve({ refuse: ({ method, url }) => method === "PUT" && url.startsWith("/up/") });
  await using client = open();
  await assert.rejects(pushImage(client, parseReference(`${server.host}/a:1`), image, store), (error) => isFault(error, "REGISTRY_DENIED"));
  assert.ok(server.requests.every(({ url }) => !url.includes("manifests")));
});

test("a blob that the source does not have is told as such", async () => {
  const store = createMemoryStore();
  const image = addImage(store, ["x"]);
  store.blobs.delete(image.layers[0]!.digest);
  await using server = await serve();
  await using client = open();
  await assert.rejects(pushImage(client, parseReference(`${server.host}/a:1`), image, store), (error) => isFault(error, "BLOB_MISSING"));
});

test("layers that may not be distributed stay where they are", async () => {
  const store = createMemoryStore();
  const image = addImage(store, ["x"]);
  const foreign = { ...image.layers[0]!, mediaType: "application/vnd.oci.image.layer.nondistributable.v1.tar", urls: ["https://example.com/x"] };
  await using server = await serve();
  await using client = open();
  await pushImage(client, parseReference(`${server.host}/a:1`), { ...image, layers: [foreign] }, store);
  assert.ok(lines(server.requests, "HEAD").every((url) => !url.endsWith(foreign.digest)));
});

test("an abort ends a push and sets no tag", async () => {
  const store = createMemoryStore();
  const image = addImage(store, ["x"]);
  await using server = await startScriptedServer((request, response) => {
    if (request.url === "/v2/") return reply(response, 200);
    if (request.method === "HEAD") return reply(response, 404);
    if (request.method === "POST") return reply(response, 202, { location: "/up" });
  });
  await using client = open();
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error("enough")), 50);
  await assert.rejects(pushImage(client, parseReference(`${server.host}/a:1`), image, store, { signal: controller.signal }), /enough/);
  assert.ok(server.requests.every(({ url }) => !url.includes("manifests")));
});
