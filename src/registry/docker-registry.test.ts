import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { isFault, type FaultCode } from "../std/fault.ts";
import { sha256 } from "../oci/digest.ts";
import { mediaType } from "../oci/media-type.ts";
import { parsePlatform } from "../oci/platform.ts";
import { parseReference } from "../oci/reference.ts";
import { missing, startDockerRegistry } from "../../test/support/docker-registry.ts";
import { addImage, createMemoryStore } from "../../test/support/memory-store.ts";
import { createRegistryClient, type RegistryClient } from "./client.ts";
import { checkLogin } from "./credentials/check-login.ts";
import { anonymous } from "./credentials/credentials.ts";
import { dockerCredentials } from "./credentials/find-login.ts";
import { saveLogin } from "./credentials/keep-login.ts";
import { pullImage } from "./transfer/pull-image.ts";
import { pushImage } from "./transfer/push-image.ts";

/** skopeo, without the logins of whoever runs the tests. */
async function skopeo(...args: string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "sampan-skopeo-login-"));
  try {
    writeFileSync(join(folder, "auth.json"), "{}");
    await promisify(execFile)("skopeo", args, { env: { ...process.env, REGISTRY_AUTH_FILE: join(folder, "auth.json") } });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const registryMissing = missing("docker-registry");
const skopeoMissing = registryMissing || missing("skopeo");
const platform = parsePlatform("linux/amd64");
const open = (): RegistryClient => createRegistryClient({ credentials: anonymous, environment: {} });
const rejects = (work: Promise<unknown>, code: FaultCode): Promise<void> =>
  assert.rejects(work, (error) => (assert.ok(isFault(error, code), `${code} was expected: ${String(error)}`), true));

test("docker-registry takes an image from us and gives it back, and a second push sends no blob", { skip: registryMissing }, async () => {
  await using registry = await startDockerRegistry();
  await using client = open();
  const store = createMemoryStore();
  const image = addImage(store, [randomBytes(3_000_000), randomBytes(200_000), "small", ""]);
  const reference = parseReference(`${registry.host}/team/app:1`);
  const first = await pushImage(client, reference, image, store, { tags: ["latest"] });
  assert.equal(first.digest, image.digest);
  assert.equal(first.bytesSaved, 0);
  const second = await pushImage(client, reference, image, store);
  assert.equal(second.bytesSent, image.manifest.bytes.length);
  assert.deepEqual((await client.tagList(reference)).sort(), ["1", "latest"]);
  const target = createMemoryStore();
  const pulled = await pullImage(client, parseReference(`${registry.host}/team/app@${image.digest}`), target, { platform });
  assert.equal(pulled.manifest.digest, image.digest);
  for (const { digest } of image.layers) assert.equal(sha256(target.blobs.get(digest)!), digest);
});

test("docker-registry mounts blobs of a sister repository", { skip: registryMissing }, async () => {
  await using registry = await startDockerRegistry();
  await using client = open();
  const store = createMemoryStore();
  const image = addImage(store, [randomBytes(100_000)]);
  await pushImage(client, parseReference(`${registry.host}/base:1`), image, store);
  const pushed = await pushImage(client, parseReference(`${registry.host}/child:1`), image, store, { mountFrom: ["base"] });
  assert.equal(pushed.bytesSent, image.manifest.bytes.length);
});

test("docker-registry's refusals are told by name, and manifests and blobs are deleted", { skip: registryMissing }, async () => {
  await using registry = await startDockerRegistry();
  await using client = open();
  const store = createMemoryStore();
  const image = addImage(store, ["x"]);
  const reference = parseReference(`${registry.host}/app:1`);
  await rejects(client.tagList(reference), "NAME_UNKNOWN");
  await pushImage(client, reference, image, store);
  await rejects(client.manifestGet(parseReference(`${registry.host}/app:2`)), "MANIFEST_UNKNOWN");
  await assert.rejects(client.manifestPut(reference, addImage(store, ["never sent"]).manifest), (error) => isFault(error, "REGISTRY_REFUSED") && /MANIFEST_BLOB_UNKNOWN/.test(error.message));
  const layer = image.layers[0]!;
  assert.deepEqual(await client.blobHead(reference, layer.digest), { size: layer.size });
  await client.blobDelete(reference, layer.digest);
  assert.equal(await client.blobHead(reference, layer.digest), undefined);
  await rejects(pullImage(client, reference, createMemoryStore(), { platform }), "BLOB_UNKNOWN");
  await client.manifestDelete({ ...reference, digest: image.digest });
  assert.equal(await client.manifestHead(reference), undefined);
});

test("docker-registry with htpasswd: a login is checked, kept and used", { skip: registryMissing || missing("htpasswd") }, async () => {
  const login = { username: "me", password: "correct horse" };
  await using registry = await startDockerRegistry({ login });
  const folder = mkdtempSync(join(tmpdir(), "sampan-login-"));
  try {
    const environment = { DOCKER_CONFIG: folder };
    assert.deepEqual(await checkLogin(registry.host, login), {});
    await rejects(checkLogin(registry.host, { ...login, password: "wrong" }), "LOGIN_REFUSED");
    await using stranger = open();
    await rejects(stranger.tagList(parseReference(`${registry.host}/app`)), "REGISTRY_UNAUTHORIZED");
    await saveLogin(registry.host, login, { environment });
    await using client = createRegistryClient({ credentials: dockerCredentials(environment), environment: {} });
    const store = createMemoryStore();
    const image = addImage(store, ["x"]);
    await client.ping(registry.host);
    assert.equal((await pushImage(client, parseReference(`${registry.host}/app:1`), image, store)).digest, image.digest);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("docker-registry restarted with nothing in it: the same client pushes again", { skip: registryMissing }, async () => {
  await using client = open();
  const store = createMemoryStore();
  const image = addImage(store, ["x"]);
  for (let round = 0; round < 2; round += 1) {
    await using registry = await startDockerRegistry();
    await pushImage(client, parseReference(`${registry.host}/app:1`), image, store);
  }
});

test("skopeo reads what we pushed, to the last byte", { skip: skopeoMissing }, async () => {
  await using registry = await startDockerRegistry();
  await using client = open();
  const store = createMemoryStore();
  const image = addImage(store, [randomBytes(1_000_000), "two"]);
  await pushImage(client, parseReference(`${registry.host}/team/app:1`), image, store);
  const folder = mkdtempSync(join(tmpdir(), "sampan-skopeo-"));
  try {
    await skopeo("copy", "--insecure-policy", "--src-tls-verify=false", `docker://${registry.host}/team/app:1`, `dir:${folder}/out`);
    for (const { digest } of [...image.layers, image.config]) {
      assert.equal(createHash("sha256").update(readFileSync(join(folder, "out", digest.slice(7)))).digest("hex"), digest.slice(7));
    }
    assert.ok(readFileSync(join(folder, "out/manifest.json")).equals(image.manifest.bytes as Buffer));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("we read what skopeo pushed", { skip: skopeoMissing }, async () => {
  await using registry = await startDockerRegistry();
  await using client = open();
  const store = createMemoryStore();
  const image = addImage(store, [randomBytes(50_000)]);
  const reference = parseReference(`${registry.host}/a:1`);
  await pushImage(client, reference, image, store);
  await skopeo("copy", "--insecure-policy", "--format", "v2s2", "--src-tls-verify=false", "--dest-tls-verify=false", `docker://${registry.host}/a:1`, `docker://${registry.host}/b:1`);
  const target = createMemoryStore();
  const pulled = await pullImage(client, parseReference(`${registry.host}/b:1`), target, { platform });
  assert.equal(pulled.manifest.mediaType, mediaType.dockerManifest);
  // skopeo has compressed the layer on its way.
  assert.deepEqual(gunzipSync(target.blobs.get(pulled.layers[0]!.digest)!), store.blobs.get(image.layers[0]!.digest));
});
