import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { isFault, type FaultCode } from "../../std/fault.ts";
import { sha256 } from "../../oci/digest.ts";
import { MANIFEST_LIMIT } from "../../oci/manifest.ts";
import { mediaType } from "../../oci/media-type.ts";
import { parsePlatform } from "../../oci/platform.ts";
import { parseReference } from "../../oci/reference.ts";
import { registryError, reply, startScriptedServer, type ScriptedServer, type SeenRequest } from "../../../test/support/scripted-server.ts";
import { createTestClock } from "../../../test/support/test-clock.ts";
import { createRegistryClient, type RegistryClient, type RegistryClientOptions } from "../client.ts";
import { anonymous } from "../credentials/credentials.ts";

const open = (options: Partial<RegistryClientOptions> = {}): RegistryClient =>
  createRegistryClient({ credentials: anonymous, environment: {}, clock: createTestClock(), ...options });

const document = (value: object): Buffer => Buffer.from(JSON.stringify(value));
const image = document({ schemaVersion: 2, mediaType: mediaType.ociManifest, layers: [] });
const other = document({ schemaVersion: 2, mediaType: mediaType.ociManifest, layers: [], annotations: { a: "b" } });

/** A registry with manifests by tag or digest. */
function serve(manifests: Record<string, { bytes: Buffer; type: string; headers?: Record<string, string> }>): Promise<ScriptedServer> {
  return startScriptedServer((request, response) => {
    if (request.url === "/v2/") return reply(response, 200);
    const found = manifests[request.url.split("/manifests/")[1] ?? ""];
    if (!found) return reply(response, 404, {}, registryError("MANIFEST_UNKNOWN", "unknown"));
    reply(response, 200, { "content-type": found.type, ...found.headers }, found.bytes);
  });
}

const rejects = (work: Promise<unknown>, code: FaultCode): Promise<void> =>
  assert.rejects(work, (error) => (assert.ok(isFault(error, code), `${code} was expected: ${String(error)}`), true));

test("a manifest comes with its bytes, type and digest, and every type of manifest is asked for", async () => {
  await using server = await serve({ "1": { bytes: image, type: `${mediaType.ociManifest}; charset=utf-8` } });
  await using client = open();
  assert.deepEqual(await client.manifestGet(parseReference(`${server.host}/a:1`)), { bytes: image, mediaType: mediaType.ociManifest, digest: sha256(image) });
  for (const type of [mediaType.ociIndex, mediaType.ociManifest, mediaType.dockerList, mediaType.dockerManifest]) assert.ok(server.requests.at(-1)!.headers.accept!.includes(type));
});

test("a digest in the reference wins over the tag and is checked", async () => {
  await using server = await serve({ [sha256(image)]: { bytes: image, type: mediaType.ociManifest }, [sha256(other)]: { bytes: image, type: mediaType.ociManifest } });
  await using client = open();
  assert.equal((await client.manifestGet(parseReference(`${server.host}/a:1@${sha256(image)}`))).digest, sha256(image));
  await rejects(client.manifestGet(parseReference(`${server.host}/a@${sha256(other)}`)), "BLOB_DIGEST_MISMATCH");
});

test("bytes that are not those of Docker-Content-Digest are refused", async () => {
  await using server = await serve({ "1": { bytes: image, type: mediaType.ociManifest, headers: { "docker-content-digest": sha256(other) } } });
  await using client = open();
  await rejects(client.manifestGet(parseReference(`${server.host}/a:1`)), "BLOB_DIGEST_MISMATCH");
});

test("an index is followed to the image of the platform", async () => {
  const index = document({
    schemaVersion: 2, mediaType: mediaType.ociIndex,
    manifests: [
      { mediaType: mediaType.ociManifest, digest: sha256(other), size: other.length, platform: { os: "linux", architecture: "s390x" } },
      { mediaType: mediaType.ociManifest, digest: sha256(image), size: image.length, platform: { os: "linux", architecture: "amd64" } },
    ],
  });
  await using server = await serve({ "1": { bytes: index, type: mediaType.ociIndex }, [sha256(image)]: { bytes: image, type: mediaType.ociManifest } });
  await using client = open();
  const reference = parseReference(`${server.host}/a:1`);
  const found = await client.manifestGet(reference, { platform: parsePlatform("linux/amd64") });
  assert.deepEqual([found.digest, found.index?.digest], [sha256(image), sha256(index)]);
  assert.equal((await client.manifestGet(reference)).digest, sha256(index));
  await assert.rejects(client.manifestGet(reference, { platform: parsePlatform("linux/riscv64") }), (error) =>
    isFault(error, "PLATFORM_UNAVAILABLE") && error.hint === "it has linux/amd64, linux/s390x");
});

test("a header and a body that disagree about the type are refused, a header that says little is not", async () => {
  await using server = await serve({ "1": { bytes: image, type: mediaType.ociIndex }, "2": { bytes: image, type: "application/json" }, "3": { bytes: Buffer.from("<html>"), type: mediaType.ociManifest } });
  await using client = open();
  await rejects(client.manifestGet(parseReference(`${server.host}/a:1`)), "RESPONSE_INVALID");
  assert.equal((await client.manifestGet(parseReference(`${server.host}/a:2`))).mediaType, mediaType.ociManifest);
  await rejects(client.manifestGet(parseReference(`${server.host}/a:3`)), "RESPONSE_INVALID");
});

test("without any type the members of the document tell what it is", async () => {
  await using server = await serve({ "1": { bytes: document({ schemaVersion: 2, layers: [] }), type: "text/plain" }, "2": { bytes: document({ schemaVersion: 2, manifests: [] }), type: "" } });
  await using client = open();
  assert.equal((await client.manifestGet(parseReference(`${server.host}/a:1`))).mediaType, mediaType.ociManifest);
  assert.equal((await client.manifestGet(parseReference(`${server.host}/a:2`))).mediaType, mediaType.ociIndex);
});

test("a manifest beyond the limit is not read", async () => {
  await using server = await serve({ "1": { bytes: Buffer.alloc(MANIFEST_LIMIT + 1, " "), type: mediaType.ociManifest } });
  await using client = open();
  await rejects(client.manifestGet(parseReference(`${server.host}/a:1`)), "RESPONSE_INVALID");
});

test("a manifest that breaks off is asked for again", async () => {
  let turn = 0;
  await using server = await startScriptedServer((request, response: ServerResponse) => {
    if (request.url === "/v2/") return reply(response, 200);
    turn += 1;
    if (turn > 1) return reply(response, 200, { "content-type": mediaType.ociManifest }, image);
    response.writeHead(200, { "content-length": "1000", "content-type": mediaType.ociManifest });
    response.write("{", () => setTimeout(() => response.socket?.destroy(), 20));
  });
  await using client = open();
  assert.equal((await client.manifestGet(parseReference(`${server.host}/a:1`))).digest, sha256(image));
});

test("a HEAD tells type, digest and size, or that there is none", async () => {
  await using server = await serve({ "1": { bytes: Buffer.alloc(0), type: mediaType.ociManifest, headers: { "docker-content-digest": sha256(image) } } });
  await using client = open();
  assert.deepEqual(await client.manifestHead(parseReference(`${server.host}/a:1`)), { mediaType: mediaType.ociManifest, digest: sha256(image), size: 0 });
  assert.equal(await client.manifestHead(parseReference(`${server.host}/a:2`)), undefined);
});

test("a manifest is put by tag, or by digest without one, with its type", async () => {
  await using server = await startScriptedServer((request, response) => reply(response, request.method === "PUT" ? 201 : 200, { "oci-subject": sha256(other) }));
  await using client = open();
  const manifest = { bytes: image, mediaType: mediaType.ociManifest };
  assert.deepEqual(await client.manifestPut(parseReference(`${server.host}/a:1`), manifest), { digest: sha256(image), subject: sha256(other) });
  await client.manifestPut(parseReference(`${server.host}/a@${sha256(image)}`), manifest);
  const [, byTag, byDigest] = server.requests;
  assert.deepEqual([byTag!.url, byTag!.headers["content-type"], byTag!.body.equals(image)], ["/v2/a/manifests/1", mediaType.ociManifest, true]);
  assert.equal(byDigest!.url, `/v2/a/manifests/${sha256(image)}`);
});

test("a registry that stores another digest than it was given is not believed", async () => {
  await using server = await startScriptedServer((request, response) => reply(response, request.method === "PUT" ? 201 : 200, { "docker-content-digest": sha256(other) }));
  await using client = open();
  await rejects(client.manifestPut(parseReference(`${server.host}/a:1`), { bytes: image, mediaType: mediaType.ociManifest }), "RESPONSE_INVALID");
});

test("mirrors are asked in order before the registry, and what they lack or spoil comes from the next", async () => {
  await using empty = await serve({});
  await using spoilt = await serve({ "1": { bytes: image, type: mediaType.ociManifest, headers: { "docker-content-digest": sha256(other) } } });
  await using registry = await serve({ "1": { bytes: image, type: mediaType.ociManifest } });
  const trouble: string[] = [];
  const mirrors = new Map([[registry.host, ["http://127.0.0.1:1", `${empty.origin}/hub`, spoilt.origin]]]);
  await using client = open({ mirrors, onMirrorFailure: (mirror, { code }) => trouble.push(`${mirror} ${code}`) });
  assert.equal((await client.manifestGet(parseReference(`${registry.host}/a:1`))).digest, sha256(image));
  assert.equal(empty.requests.at(-1)!.url, "/v2/hub/a/manifests/1");
  assert.deepEqual(trouble, ["http://127.0.0.1:1 REGISTRY_UNREACHABLE", `${spoilt.origin} BLOB_DIGEST_MISMATCH`]);
  await client.manifestGet(parseReference(`${registry.host}/a:1`));
  assert.equal(trouble.filter((line) => line.startsWith("http://127.0.0.1:1 ")).length, 1, "a mirror that is down is not asked again");
});

test("when mirrors and registry fail, the registry's fault is told", async () => {
  await using empty = await serve({});
  await using client = open({ mirrors: new Map([["127.0.0.1:1", [empty.origin]]]) });
  await rejects(client.manifestGet(parseReference("127.0.0.1:1/a:1")), "REGISTRY_UNREACHABLE");
});

test("a login for the registry is not sent to its mirror", async () => {
  const challenge = { "www-authenticate": 'Basic realm="x"' };
  await using mirror = await startScriptedServer((_request, response) => reply(response, 401, challenge));
  await using registry = await startScriptedServer((request, response) =>
    request.headers.authorization ? reply(response, 200, { "content-type": mediaType.ociManifest }, image) : reply(response, 401, challenge));
  const credentials = { find: (host: string) => (host === registry.host ? { username: "me", password: "pw", source: "test" } : undefined) };
  await using client = createRegistryClient({ credentials, environment: {}, mirrors: new Map([[registry.host, [mirror.origin]]]) });
  await client.manifestGet(parseReference(`${registry.host}/a:1`));
  assert.ok(mirror.requests.length > 0);
  assert.ok(mirror.requests.every(({ headers }) => headers.authorization === undefined));
});

test("referrers come from the API, or from the fallback tag where there is none", async () => {
  const digest = sha256(image);
  const entry = (type: string, letter: string) => ({ mediaType: mediaType.ociManifest, digest: `sha256:${letter.repeat(64)}`, size: 1, artifactType: type });
  const list = { schemaVersion: 2, mediaType: mediaType.ociIndex, manifests: [entry("sbom", "a"), entry("signature", "b")] };
  await using modern = await startScriptedServer((_request, response) => reply(response, 200, {}, list));
  await using old = await startScriptedServer((request, response) => {
    if (request.url === "/v2/") return reply(response, 200);
    if (request.url === `/v2/a/manifests/sha256-${digest.slice(7)}`) return reply(response, 200, { "content-type": mediaType.ociIndex }, list);
    reply(response, 404);
  });
  await using client = open();
  for (const { host } of [modern, old]) {
    const found = await client.referrerList({ host, repository: "a", digest }, { artifactType: "sbom" });
    assert.deepEqual(found.map(({ artifactType }) => artifactType), ["sbom"]);
    assert.equal((await client.referrerList({ host, repository: "a", digest })).length, 2);
  }
  assert.deepEqual(await client.referrerList({ host: old.host, repository: "b", digest }), []);
});

test("an empty list of referrers may be null, as Go writes it", async () => {
  await using server = await startScriptedServer((_request, response) => reply(response, 200, {}, { schemaVersion: 2, mediaType: mediaType.ociIndex, manifests: null }));
  await using client = open();
  assert.deepEqual(await client.referrerList({ host: server.host, repository: "a", digest: sha256(image) }), []);
});

test("a manifest that was taken with 200 and no digest is read back: what says OK to everything has nothing", async () => {
  let kept: Buffer | undefined;
  const answer = (keeps: boolean) => (request: SeenRequest, response: ServerResponse): void => {
    if (request.method === "PUT" && keeps) kept = request.body;
    reply(response, 200, { "content-type": "text/html" }, request.method === "GET" && request.url !== "/v2/" ? (kept ?? "<html>") : "");
  };
  const manifest = { bytes: image, mediaType: mediaType.ociManifest };
  await using page = await startScriptedServer(answer(false));
  await using registry = await startScriptedServer(answer(true));
  await using client = open();
  await rejects(client.manifestPut(parseReference(`${page.host}/a:1`), manifest), "RESPONSE_INVALID");
  assert.equal((await client.manifestPut(parseReference(`${registry.host}/a:1`), manifest)).digest, sha256(image));
});
