import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { mediaType } from "../../src/oci/media-type.ts";
import { guardedRegistry } from "../support/guarded-registry.ts";
import { findProgram } from "../support/find-program.ts";
import { startRegistryProcess } from "../support/registry-process.ts";
import { described, digestOf, scratchRegistry } from "../support/scratch-registry.ts";

const run = promisify(execFile);
const [skopeo, crane, conformance] = ["skopeo", "crane", "conformance"].map(findProgram);

for (const version of ["1.1", "dev"]) {
  for (const sparse of [false, true]) {
    test(`the official conformance suite has no failure and no skip: ${version}${sparse ? ", sparse" : ""}`, { skip: conformance === undefined && "conformance is not installed" }, async (context) => {
      const registry = await scratchRegistry(context, sparse ? { settings: { sparse: "manifests" } } : {});
      const folder = scratch(context);
      const env = { ...process.env, OCI_REGISTRY: registry.address, OCI_TLS: "disabled", OCI_VERSION: version, OCI_RESULTS_DIR: join(folder, "results"), OCI_DATA_SPARSE: String(sparse) };
      const { stdout } = await run(conformance!, [], { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 });
      const total = (status: string): string | undefined => new RegExp(`^  ${status}\\.*: +(\\d+)$`, "m").exec(stdout)?.[1];
      assert.deepEqual({ failed: total("FAIL"), skipped: total("Skip"), errors: total("Error") }, { failed: "0", skipped: "0", errors: "0" });
      assert.ok(Number(total("Pass")) > 800);
      assert.deepEqual(registry.problems, []);
    });
  }
}

test("the official conformance suite passes with users, rights and a least length of chunks too", { skip: conformance === undefined && "conformance is not installed" }, async (context) => {
  const { server } = await guardedRegistry(context, { users: { tester: "secret" }, access: "grants: [{who: tester, role: maintainer, repositories: conformance/**}]", more: "limits: {chunkMinLength: 1KiB}\n" });
  const folder = scratch(context);
  const env = { ...process.env, OCI_REGISTRY: server.address, OCI_TLS: "disabled", OCI_VERSION: "dev", OCI_RESULTS_DIR: join(folder, "results"), OCI_USERNAME: "tester", OCI_PASSWORD: "secret" };
  const { stdout } = await run(conformance!, [], { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 });
  const total = (status: string): string | undefined => new RegExp(`^  ${status}\\.*: +(\\d+)$`, "m").exec(stdout)?.[1];
  assert.deepEqual({ failed: total("FAIL"), skipped: total("Skip"), errors: total("Error") }, { failed: "0", skipped: "0", errors: "0" });
  assert.deepEqual(server.problems, []);
});

test("skopeo copies to it, from it and within it, and inspects", { skip: skopeo === undefined && "skopeo is not installed" }, async (context) => {
  const registry = await scratchRegistry(context);
  const folder = scratch(context);
  const digest = writeLayout(join(folder, "image"));
  const remote = (name: string): string => `docker://${registry.address}/${name}`;
  await run(skopeo!, ["copy", "--dest-tls-verify=false", "--preserve-digests", `oci:${join(folder, "image")}:v1`, remote("team/app:v1")]);
  const inspected = JSON.parse((await run(skopeo!, ["inspect", "--tls-verify=false", remote("team/app:v1")])).stdout) as { Digest: string; RepoTags: string[]; Labels: unknown };
  assert.deepEqual([inspected.Digest, inspected.RepoTags, inspected.Labels], [digest, ["v1"], { made: "here" }]);
  await run(skopeo!, ["copy", "--src-tls-verify=false", "--dest-tls-verify=false", remote("team/app:v1"), remote("other/copy:v2")]);
  await run(skopeo!, ["copy", "--src-tls-verify=false", remote(`other/copy@${digest}`), `oci:${join(folder, "back")}:v1`]);
  assert.deepEqual(readdirSync(join(folder, "back/blobs/sha256")).sort(), readdirSync(join(folder, "image/blobs/sha256")).sort());
  await run(skopeo!, ["copy", "--dest-tls-verify=false", "--format=v2s2", `oci:${join(folder, "image")}:v1`, remote("team/app:docker")]);
  assert.equal((await registry.request("HEAD", "/v2/team/app/manifests/docker")).headers["content-type"], mediaType.dockerManifest);
  await run(skopeo!, ["delete", "--tls-verify=false", remote(`team/app@${digest}`)]);
  await assert.rejects(run(skopeo!, ["inspect", "--tls-verify=false", remote("team/app:v1")]), /manifest unknown|no such manifest/);
});

test("crane pushes, lists, copies and validates", { skip: crane === undefined && "crane is not installed" }, async (context) => {
  const registry = await scratchRegistry(context);
  const folder = scratch(context);
  const digest = writeLayout(join(folder, "image"));
  const at = (name: string): string => `${registry.address}/${name}`;
  await run(crane!, ["push", join(folder, "image"), at("team/app:v1")]);
  await run(crane!, ["copy", at("team/app:v1"), at("other:v2")]);
  assert.equal((await run(crane!, ["catalog", registry.address])).stdout, "other\nteam/app\n");
  assert.equal((await run(crane!, ["ls", at("other")])).stdout, "v2\n");
  assert.equal((await run(crane!, ["digest", at("other:v2")])).stdout.trim(), digest);
  await run(crane!, ["validate", "--remote", at("other:v2")]);
  await run(crane!, ["delete", at(`other@${digest}`)]);
  await assert.rejects(run(crane!, ["manifest", at("other:v2")]), /MANIFEST_UNKNOWN/);
});

test("`sampan registry serve` says when it is ready, and an acknowledged push outlives kill -9", async (context) => {
  const folder = scratch(context);
  const first = await startRegistryProcess(context, folder);
  const blob = await fetch(`http://${first.address}/v2/app/blobs/uploads/?digest=${digestOf("{}")}`, { method: "POST", body: "{}" });
  assert.equal(blob.status, 201);
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: mediaType.ociManifest, config: described(digestOf("{}"), 2), layers: [] });
  const pushed = await fetch(`http://${first.address}/v2/app/manifests/v1`, { method: "PUT", body: manifest, headers: { "Content-Type": mediaType.ociManifest } });
  assert.equal(pushed.status, 201);
  const open = await fetch(`http://${first.address}/v2/app/blobs/uploads/`, { method: "POST" });
  await fetch(`http://${first.address}${open.headers.get("location")}`, { method: "PATCH", body: "half" });
  await first.end("SIGKILL");
  assert.equal(readdirSync(join(folder, "temporary")).length, 1);
  const second = await startRegistryProcess(context, folder);
  assert.equal(await (await fetch(`http://${second.address}/v2/app/manifests/v1`)).text(), manifest);
  assert.equal(await (await fetch(`http://${second.address}/v2/app/blobs/${digestOf("{}")}`)).text(), "{}");
  assert.deepEqual(readdirSync(join(folder, "temporary")), []);
  await second.end("SIGTERM");
  assert.equal(existsSync(join(folder, "lock")), false);
});

/** An image of one small layer in an OCI layout folder, tagged v1; gives the manifest's digest. */
function writeLayout(folder: string): string {
  mkdirSync(join(folder, "blobs/sha256"), { recursive: true });
  const put = (content: string | Uint8Array, type: string): { mediaType: string; digest: string; size: number } => {
    const digest = digestOf(content);
    writeFileSync(join(folder, "blobs/sha256", digest.slice("sha256:".length)), content);
    return described(digest, Buffer.byteLength(content), type);
  };
  const tar = Buffer.alloc(1024); // an empty archive: two blocks of zeros
  const layer = put(gzipSync(tar), mediaType.ociLayerGzip);
  const config = put(
    JSON.stringify({ architecture: "amd64", os: "linux", config: { Labels: { made: "here" } }, rootfs: { type: "layers", diff_ids: [digestOf(tar)] }, history: [{ created_by: "test" }] }),
    mediaType.ociConfig,
  );
  const manifest = put(JSON.stringify({ schemaVersion: 2, mediaType: mediaType.ociManifest, config, layers: [layer] }), mediaType.ociManifest);
  const index = { schemaVersion: 2, manifests: [{ ...manifest, annotations: { "org.opencontainers.image.ref.name": "v1" } }] };
  writeFileSync(join(folder, "index.json"), JSON.stringify(index));
  writeFileSync(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  return manifest.digest;
}

function scratch(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "sampan-e2e-registry-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
