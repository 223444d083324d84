import assert from "node:assert/strict";
import { test } from "node:test";
import { configBytes, temporaryStore } from "../../test/support/temporary-store.ts";
import { sha256 } from "../oci/digest.ts";
import { serializeManifest } from "../oci/manifest.ts";
import { mediaType } from "../oci/media-type.ts";
import { isFault } from "../std/fault.ts";

const config = configBytes([], { created: "2024-02-03T04:05:06.789Z" });
const id = sha256(config);

test("an image is found by name, id, short id and repository digest", async (context) => {
  const { images } = await temporaryStore(context);
  const repoDigest = `registry.example.com/team/app@${sha256("manifest")}`;
  const record = images.put({ config, names: ["alpine:3.20", "registry.example.com/team/app:1"], repoDigests: [repoDigest] });
  assert.equal(record.id, id);
  assert.equal(record.created, Date.parse("2024-02-03T04:05:06.789Z"));
  assert.deepEqual(record.names, ["docker.io/library/alpine:3.20", "registry.example.com/team/app:1"]);
  assert.deepEqual(["docker.io/library/alpine:3.20", "alpine:3.20", id].map((name) => images.named(name)), [record, undefined, undefined]);
  for (const text of ["alpine:3.20", "docker.io/library/alpine:3.20", id, id.slice(7), id.slice(7, 19), `sha256:${id.slice(7, 12)}`, repoDigest, `registry.example.com/team/app:1@${sha256("manifest")}`]) {
    assert.deepEqual(images.find(text), record, text);
    assert.deepEqual(images.meant(text), record, text);
  }
  for (const text of ["alpine:3.21", sha256("other"), "Upper Case"]) assert.equal(images.meant(text), undefined, text);
});

test("a name that is not there is a fault that offers what is near", async (context) => {
  const { images } = await temporaryStore(context);
  images.put({ config, names: ["alpine:3.20", "team/app:latest"] });
  const near = (text: string): unknown => {
    try {
      images.find(text);
    } catch (error) {
      assert.ok(isFault(error, "IMAGE_NOT_FOUND"), String(error));
      return (error.details as { near: string[] }).near;
    }
    return assert.fail(`${text} was found`);
  };
  assert.deepEqual(near("alpine"), ["alpine:3.20"]);
  assert.deepEqual(near("team/ap"), ["team/app:latest"]);
  assert.deepEqual(near("nothing/like:it"), []);
  assert.deepEqual(near("Upper Case"), []);
  assert.deepEqual(near(sha256("nothing")), []);
});

test("a short id that fits two images is ambiguous", async (context) => {
  const { images } = await temporaryStore(context);
  const byDigit = new Map<string, string>();
  for (let i = 0; ; i += 1) {
    const { id: next } = images.put({ config: configBytes([], { author: String(i) }), names: [] });
    const digit = next.slice(7, 8);
    if (byDigit.has(digit)) {
      assert.throws(() => images.find(digit), (error) => isFault(error, "IMAGE_AMBIGUOUS"));
      assert.equal(images.meant(digit), undefined);
      return;
    }
    byDigit.set(digit, next);
  }
});

test("a name moves to the image that gets it last", async (context) => {
  const { images } = await temporaryStore(context);
  const old = images.put({ config, names: ["app:1"] });
  const next = images.put({ config: configBytes([], { author: "me" }), names: ["app:1"] });
  assert.equal(images.find("app:1").id, next.id);
  assert.deepEqual(images.get(old.id)!.names, []);
  images.tag(old.id, "app:old");
  assert.deepEqual(images.find("app:old").id, old.id);
  assert.equal(images.untag("app:old"), true);
  assert.equal(images.untag("app:old"), false);
  assert.throws(() => images.tag(sha256("no"), "app:2"), (error) => isFault(error, "IMAGE_NOT_FOUND"));
  assert.throws(() => images.tag(old.id, `app@${sha256("x")}`), (error) => isFault(error, "REFERENCE_INVALID"));
});

test("a removed image is gone from every list, and may come again", async (context) => {
  const { images } = await temporaryStore(context);
  images.put({ config, names: ["app:1"], repoDigests: [`app@${sha256("m")}`] });
  assert.equal(images.remove(id), true);
  assert.equal(images.remove(id), false);
  assert.deepEqual(images.list(), []);
  for (const text of ["app:1", id, `app@${sha256("m")}`]) assert.throws(() => images.find(text), (error) => isFault(error, "IMAGE_NOT_FOUND"));
  images.put({ config, names: ["app:2"] });
  assert.deepEqual(images.list().map(({ names }) => names), [["docker.io/library/app:2"]]);
});

test("images are listed newest first", async (context) => {
  const { images } = await temporaryStore(context);
  for (const created of ["2020-01-01T00:00:00Z", "2022-01-01T00:00:00Z", "2021-01-01T00:00:00Z"]) images.put({ config: configBytes([], { created }), names: [] });
  assert.deepEqual(images.list().map((image) => image.config.created!.slice(0, 4)), ["2022", "2021", "2020"]);
});

test("a manifest can be given later, and a later one takes its place", async (context) => {
  const { images, blobs } = await temporaryStore(context);
  images.put({ config, names: ["app:1"] });
  assert.equal(images.find("app:1").manifest, undefined);
  for (const annotations of [{ a: "1" }, { a: "2" }]) {
    const bytes = serializeManifest({ schemaVersion: 2, mediaType: mediaType.ociManifest, config: { mediaType: mediaType.ociConfig, digest: id, size: config.length }, layers: [], annotations });
    images.setManifest(id, { bytes, mediaType: mediaType.ociManifest });
    assert.deepEqual(images.find("app:1").manifest, { digest: sha256(bytes), mediaType: mediaType.ociManifest });
    assert.ok(blobs.has(sha256(bytes)));
  }
});

test("the size is that of the files, or of the blobs of layers that were never unpacked", async (context) => {
  const { images, snapshots, layers } = await temporaryStore(context);
  const diffIds = [sha256("one"), sha256("two"), sha256("three")];
  snapshots.commit(snapshots.prepare(), { createdAt: 1, size: 1000, diffId: diffIds[0], chainId: diffIds[0] });
  layers.remember({ diffId: diffIds[1]!, digest: sha256("blob"), size: 30, mediaType: mediaType.ociLayerGzip, codec: "gzip" });
  assert.equal(images.put({ config: configBytes(diffIds), names: [] }).size, 1030);
});

test("a config that is none is refused and leaves nothing", async (context) => {
  const { images } = await temporaryStore(context);
  assert.throws(() => images.put({ config: Buffer.from("{}"), names: ["a"] }), (error) => isFault(error, "DOCUMENT_INVALID"));
  assert.throws(() => images.put({ config, names: ["Not A Name"] }), (error) => isFault(error, "REFERENCE_INVALID"));
  assert.deepEqual(images.list(), []);
});
