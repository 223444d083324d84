import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { described, digestOf, imageManifest, scratchRegistry } from "../../../../test/support/scratch-registry.ts";

/** A registry folder as the server kept it before it had a database: an image `team/app:v1` and a signature of it. */
function oldFolder(context: TestContext): { root: string; manifest: string; signature: string } {
  const root = mkdtempSync(join(tmpdir(), "sampan-old-registry-"));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  const put = (path: string, content: string): void => {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  const blob = (content: string): string => {
    const digest = digestOf(content);
    put(`blobs/sha256/${digest.slice(7)}`, content);
    put(`repositories/team/app/_blobs/sha256/${digest.slice(7)}`, "");
    return digest;
  };
  const store = (document: object): string => {
    const text = JSON.stringify(document);
    put(`repositories/team/app/_manifests/sha256/${digestOf(text).slice(7)}`, text);
    return digestOf(text);
  };
  put("layout.json", '{"sampanRegistryLayout":1}\n');
  const config = blob("{}");
  const manifest = store(imageManifest({ config: described(config, 2), layers: [described(blob("layer"), 5)] }));
  const signature = store(imageManifest({ config: described(config, 2, "application/signature"), layers: [], subject: described(manifest, 1), annotations: { by: "me" } }));
  put("repositories/team/app/_tags/v1", `${manifest}\n`);
  utimesSync(join(root, "repositories/team/app/_tags/v1"), 1000, 1_700_000_000);
  put(`repositories/team/app/_blobs/sha256/${digestOf("lost").slice(7)}`, "");
  mkdirSync(join(root, "repositories/team/_tags"), { recursive: true });
  return { root, manifest, signature };
}

test("link files become records, and blobs stay where they are", async (context) => {
  const { root, manifest, signature } = oldFolder(context);
  const blob = join(root, "blobs/sha256", digestOf("layer").slice(7));
  const before = statSync(blob);
  const registry = await scratchRegistry(context, { root });
  assert.deepEqual((await registry.request("GET", "/v2/_catalog")).json(), { repositories: ["team", "team/app"] });
  assert.equal((await registry.request("GET", "/v2/team/app/manifests/v1")).headers["docker-content-digest"], manifest);
  assert.equal((await registry.request("GET", `/v2/team/app/blobs/${digestOf("layer")}`)).body.toString(), "layer");
  assert.equal((await registry.request("HEAD", `/v2/team/app/blobs/${digestOf("lost")}`)).status, 404);
  const { manifests } = (await registry.request("GET", `/v2/team/app/referrers/${manifest}`)).json() as { manifests: object[] };
  assert.deepEqual(manifests, [{ mediaType: "application/vnd.oci.image.manifest.v1+json", digest: signature, size: (manifests[0] as { size: number }).size, artifactType: "application/signature", annotations: { by: "me" } }]);
  assert.equal(statSync(blob).ino, before.ino);
  assert.equal(existsSync(join(root, "repositories")), false);
  assert.match(readFileSync(join(root, "layout.json"), "utf8"), /:2\}/);
  assert.deepEqual(registry.problems, []);
  await registry.server.close();
  const again = await scratchRegistry(context, { root });
  assert.equal((await again.request("GET", "/v2/team/app/manifests/v1")).status, 200);
});

test("a takeover that a crash has cut short is begun again, or ended", async (context) => {
  const { root } = oldFolder(context);
  mkdirSync(join(root, "temporary"));
  writeFileSync(join(root, "temporary/taken-over.db"), "half a database");
  const first = await scratchRegistry(context, { root });
  assert.equal((await first.request("HEAD", "/v2/team/app/manifests/v1")).status, 200);
  await first.pushImage("team/app", "v2");
  await first.server.close();
  // As if the crash came between the new database and the end of the old files.
  mkdirSync(join(root, "repositories/stale/_tags"), { recursive: true });
  writeFileSync(join(root, "layout.json"), '{"sampanRegistryLayout":1}\n');
  const second = await scratchRegistry(context, { root });
  assert.deepEqual((await second.request("GET", "/v2/team/app/tags/list")).json(), { name: "team/app", tags: ["v1", "v2"] });
  assert.deepEqual((await second.request("GET", "/v2/_catalog")).json(), { repositories: ["team", "team/app"] });
  assert.equal(existsSync(join(root, "repositories")), false);
});

test("a damaged record is told and does not take the others away", async (context) => {
  const { root, manifest, signature } = oldFolder(context);
  writeFileSync(join(root, "repositories/team/app/_manifests/sha256", manifest.slice(7)), "");
  const registry = await scratchRegistry(context, { root });
  assert.deepEqual((await registry.request("GET", "/v2/team/app/tags/list")).json(), { name: "team/app", tags: [] });
  assert.equal((await registry.request("HEAD", `/v2/team/app/manifests/${signature}`)).status, 200);
  assert.deepEqual(registry.problems.map(({ message }) => message.replace(/sha256:\w+/, "DIGEST")), [
    "the stored manifest team/app@DIGEST cannot be read",
    "the stored tag team/app:v1 names no manifest",
  ]);
});

test("a folder `repositories` that is nobody's is left alone", async (context) => {
  const root = mkdtempSync(join(tmpdir(), "sampan-old-registry-"));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, "repositories/mine"), { recursive: true });
  await scratchRegistry(context, { root });
  assert.equal(existsSync(join(root, "repositories/mine")), true);
});
