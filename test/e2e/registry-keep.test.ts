import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { DatabaseSync } from "node:sqlite";
import { digestOf, scratchRegistry } from "../support/scratch-registry.ts";
import { runSampan } from "../support/run-sampan.ts";

const LAYER = "application/vnd.oci.image.layer.v1.tar";

/** A registry with a configuration, and the words that make a command work on it. */
async function keptRegistry(context: TestContext, config: string) {
  const folder = mkdtempSync(join(tmpdir(), "sampan-keep-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "registry.yaml");
  writeFileSync(file, config);
  const registry = await scratchRegistry(context, { config: file });
  const place = ["--root", registry.root, "--config", file];
  const sampan = async (...words: string[]): Promise<string> => {
    const { status, stdout, stderr } = await runSampan(words);
    assert.equal(status, 0, `${words.join(" ")}: ${stderr}`);
    return stdout;
  };
  const push = async (repository: string, tag: string, content: string): Promise<string> => {
    const blob = await registry.pushBlob(repository, Buffer.from(content));
    const descriptor = { mediaType: LAYER, digest: blob, size: content.length };
    const manifest = JSON.stringify({ schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config: { ...descriptor, mediaType: "application/vnd.oci.image.config.v1+json" }, layers: [descriptor] });
    const answer = await registry.request("PUT", `/v2/${repository}/manifests/${tag}`, { headers: { "content-type": "application/vnd.oci.image.manifest.v1+json" }, body: manifest });
    assert.equal(answer.status, 201, answer.body.toString());
    return String(answer.headers["docker-content-digest"]);
  };
  const tags = async (repository: string): Promise<unknown> => ((await registry.request("GET", `/v2/${repository}/tags/list`)).json() as { tags: unknown }).tags;
  const bytes = (): string[] => readdirSync(join(registry.root, "blobs/sha256"));
  return { registry, file, place, sampan, push, tags, bytes };
}

test("gc beside the server: a deleted image goes after the grace time with its layers, what is tagged stays", async (context) => {
  const { registry, place, sampan, push, bytes } = await keptRegistry(context, "gc: {grace: 5s, untagged: true, interval: 0}\n");
  await push("team/app", "1", "kept");
  const gone = await push("team/app", "2", "gone");
  await push("team/app", "3", "moved");
  await push("team/app", "3", "kept");
  assert.equal((await registry.request("DELETE", `/v2/team/app/manifests/${gone}`)).status, 202);
  await sampan("registry", "gc", ...place);
  assert.equal(bytes().length, 3, "all of it is new");
  await wait(6000);
  assert.equal(await sampan("registry", "gc", ...place), "Removed 1 manifest, 2 blobs (9B) and 0 empty repositories.\n");
  assert.equal(bytes().length, 1);
  assert.equal((await registry.request("GET", "/v2/team/app/manifests/1")).status, 200);
  await push("team/app", "2", "gone");
  assert.deepEqual(registry.problems, []);
});

test("the server collects of its own accord", async (context) => {
  const { registry, push, bytes } = await keptRegistry(context, "gc: {grace: 100ms, interval: 200ms}\n");
  const digest = await push("a", "1", "x");
  await registry.request("DELETE", `/v2/a/manifests/${digest}`);
  for (let attempt = 0; bytes().length > 0; attempt += 1) {
    assert.ok(attempt < 300, "nothing was collected in 30 s");
    await wait(100);
  }
  assert.deepEqual(registry.problems, []);
});

test("the last three versions: a plan to read, exactly that done, and a tag brought back", async (context) => {
  const { file, place, sampan, push, tags } = await keptRegistry(context, "retention:\n  rules:\n    - {repositories: team/**, preset: last-3-versions}\nimmutable: [{repositories: team/app, tags: 0.9.*}]\n");
  for (const tag of ["0.9.0", "1.0.0", "1.1.0", "1.2.0", "1.10.0", "latest", "1.2", "pr-1"]) await push("team/app", tag, tag);
  await push("other/app", "pr-1", "x");
  const text = await sampan("retention", "plan", ...place);
  assert.match(text, /^team\/app\n {2}keep {4}0\.9\.0 +it is immutable\n {2}delete {2}1\.0\.0 +nothing in last-3-versions keeps it\n {2}keep {4}1\.1\.0 +among the 3 highest versions \(last-3-versions\)$/m);
  assert.match(text, /^2 of 8 tags would be deleted\.$/m);
  assert.ok(!text.includes("other/app"));
  const plan = `${file}.plan.json`;
  writeFileSync(plan, await sampan("retention", "plan", ...place, "--json"));
  assert.match(await sampan("registry", "serve", "--check", "--config", file), /^team\/\*\*: of all tags only these stay: the 3 highest versions, latest$/m);
  await push("team/app", "pr-1", "pushed again meanwhile");
  await push("team/app", "1.3.0", "new meanwhile");
  const frozen = `${file}.frozen.yaml`;
  writeFileSync(frozen, `${readFileSync(file, "utf8").replace("0.9.*", "1.0.*")}`);
  assert.equal(await sampan("retention", "apply", "--root", place[1]!, "--config", frozen, plan), "left team/app:1.0.0: it is immutable\nleft team/app:pr-1: it has changed since that was planned\n0 tags deleted, 1 left (changed meanwhile), 1 left (immutable).\n");
  assert.equal(await sampan("retention", "apply", ...place, plan), "deleted team/app:1.0.0: nothing in last-3-versions keeps it\nleft team/app:pr-1: it has changed since that was planned\n1 tag deleted, 1 left (changed meanwhile).\n");
  assert.deepEqual(await tags("team/app"), ["0.9.0", "1.1.0", "1.10.0", "1.2", "1.2.0", "1.3.0", "latest", "pr-1"]);
  assert.match(await sampan("retention", "trash", ...place), /^team\/app:1\.0\.0 {2}sha256:[0-9a-f]{12} {2}deleted .* by sampan:retention, until .*: nothing in last-3-versions keeps it$/m);
  assert.equal(await sampan("retention", "restore", ...place, "team/app:1.0.0"), "team/app:1.0.0\n");
  assert.ok(((await tags("team/app")) as string[]).includes("1.0.0"));
  const again = await runSampan(["retention", "restore", ...place, "team/app:1.0.0"]);
  assert.deepEqual([again.status, /not in the trash/.test(again.stderr)], [1, true]);
  writeFileSync(plan, readFileSync(plan, "utf8").replace('"delete"', '"remove"'));
  const bad = await runSampan(["retention", "apply", ...place, plan]);
  assert.deepEqual([bad.status, /is no plan: repositories\.0\.tags\.\d+\.verdict/.test(bad.stderr)], [1, true], bad.stderr);
});

test("what is in the trash keeps its image; after its time the image goes, even where untagged ones stay", async (context) => {
  const { registry, place, sampan, push, bytes } = await keptRegistry(context, "gc: {grace: 100ms, interval: 0}\nretention: {trash: 3s, rules: [{repositories: '**', keep: {last: 1}}]}\n");
  await push("a", "old", "old");
  await wait(20);
  await push("a", "new", "new");
  await sampan("retention", "apply", ...place, "--quiet");
  await sampan("registry", "gc", ...place);
  assert.equal(bytes().length, 2);
  await wait(3500);
  assert.match(await sampan("registry", "gc", ...place), /^Removed 1 manifest, 1 blob/);
  assert.equal(bytes().length, 1);
  assert.equal((await registry.request("GET", "/v2/a/manifests/new")).status, 200);
});

test("immutable tags are set once; nobody moves or deletes them", async (context) => {
  const { registry, push } = await keptRegistry(context, "immutable:\n  - {repositories: prod/*, tags: 'v*'}\n");
  const digest = await push("prod/shop", "v1", "one");
  await push("prod/shop", "v1", "one");
  await push("prod/shop", "latest", "one");
  await assert.rejects(push("prod/shop", "v1", "two"), /the tag v1 of prod\/shop is immutable: neither it nor what it leads to can be changed or deleted/);
  for (const reference of ["v1", digest]) {
    const answer = await registry.request("DELETE", `/v2/prod/shop/manifests/${reference}`);
    assert.deepEqual([answer.status, answer.code()], [403, "DENIED"]);
  }
  await push("prod/shop", "latest", "two");
  await push("test/shop", "v1", "one");
  await push("test/shop", "v1", "two");
});

test("what an immutable tag leads to cannot be deleted either, and no race moves it", async (context) => {
  const { registry, push } = await keptRegistry(context, "immutable:\n  - {repositories: a, tags: 'v*'}\n");
  const child = await push("a", "plain", "child");
  const index = JSON.stringify({ schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: [{ mediaType: "application/vnd.oci.image.manifest.v1+json", digest: child, size: 1 }] });
  assert.equal((await registry.request("PUT", "/v2/a/manifests/v1", { headers: { "content-type": "application/vnd.oci.image.index.v1+json" }, body: index })).status, 201);
  assert.equal((await registry.request("DELETE", `/v2/a/manifests/${child}`)).status, 403);
  assert.equal((await registry.request("DELETE", `/v2/a/blobs/${digestOf("child")}`)).status, 403);
  assert.equal((await registry.request("DELETE", "/v2/a/manifests/plain")).status, 202);
  const free = await push("a", "other", "free");
  assert.equal((await registry.request("DELETE", `/v2/a/blobs/${digestOf("free")}`)).status, 202);
  assert.equal((await registry.request("DELETE", `/v2/a/manifests/${free}`)).status, 202);

  const contents = Array.from({ length: 8 }, (_, number) => `image ${number}`);
  const digests = await Promise.all(contents.map((content) => push("a", `t${content.at(-1)}`, content)));
  // Another process holds the database, so that all of them are checked before the first is stored.
  const other = new DatabaseSync(join(registry.root, "registry.db"));
  other.exec("BEGIN IMMEDIATE");
  const puts = Promise.all(digests.map(async (digest) => {
    const { body } = await registry.request("GET", `/v2/a/manifests/${digest}`);
    return (await registry.request("PUT", "/v2/a/manifests/v9", { headers: { "content-type": "application/vnd.oci.image.manifest.v1+json" }, body })).status;
  }));
  await wait(500);
  other.exec("ROLLBACK");
  other.close();
  assert.deepEqual((await puts).sort(), [201, 403, 403, 403, 403, 403, 403, 403]);
});
