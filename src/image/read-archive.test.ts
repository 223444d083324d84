import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { tarOf, type TarMember } from "../../test/support/tar-of.ts";
import { configBytes } from "../../test/support/temporary-store.ts";
import { sha256, type Digest } from "../oci/digest.ts";
import { serializeManifest } from "../oci/manifest.ts";
import { mediaType } from "../oci/media-type.ts";
import { isFault, type FaultCode } from "../std/fault.ts";
import { assembleImage, type Image } from "./image.ts";
import { createMemoryBlobs } from "./memory-blobs.ts";
import type { NamedImage } from "./pack-archive.ts";
import { readArchive } from "./read-archive.ts";
import { writeDockerArchive, writeOciArchive } from "./write-archive.ts";
import { once } from "../std/once.ts";

async function* chunks(bytes: Uint8Array, size = 65_536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** An image whose layers are tars with one file of this text each, as they are or gzipped. */
async function imageOf(blobs: ReturnType<typeof createMemoryBlobs>, texts: readonly string[], gzipped: boolean): Promise<Image> {
  const tars = texts.map((text) => tarOf([{ path: "file", content: text }]));
  const layers = await Promise.all(tars.map(async (tar) => ({
    mediaType: gzipped ? mediaType.ociLayerGzip : mediaType.ociLayer,
    ...(await blobs.write(once(gzipped ? gzipSync(tar) : tar))),
  })));
  return assembleImage({ config: configBytes(tars.map((tar) => sha256(tar))), layers });
}

async function packed(write: typeof writeOciArchive, images: readonly NamedImage[], blobs: ReturnType<typeof createMemoryBlobs>): Promise<Buffer> {
  const output = new PassThrough();
  const parts: Buffer[] = [];
  output.on("data", (part: Buffer) => parts.push(part));
  const size = await write(images, blobs, output);
  const bytes = Buffer.concat(parts);
  assert.equal(size, bytes.length);
  return bytes;
}

const names = fc.uniqueArray(fc.constantFrom("docker.io/library/app:1", "docker.io/library/app:latest", "registry.example.com:5000/team/app:1.2.3", "localhost/x:y"), { maxLength: 3 });

test("what is written in either form, packed or not, is read back as it was", async () => {
  await fc.assert(fc.asyncProperty(
    fc.array(fc.record({ texts: fc.array(fc.string({ maxLength: 3000 }), { maxLength: 3 }), gzipped: fc.boolean(), names }), { minLength: 1, maxLength: 3 }),
    fc.constantFrom(writeOciArchive, writeDockerArchive),
    fc.constantFrom((bytes: Buffer) => bytes, (bytes: Buffer) => gzipSync(bytes), (bytes: Buffer) => zstdCompressSync(bytes)),
    fc.integer({ min: 7, max: 9000 }),
    async (plan, write, pack, chunkSize) => {
      const source = createMemoryBlobs();
      const images: NamedImage[] = [];
      for (const { texts, gzipped, names } of plan) {
        const image = await imageOf(source, texts, gzipped);
        if (images.every((other) => other.image.descriptor.digest !== image.descriptor.digest)) images.push({ image, names });
      }
      const archive = await packed(write, images, source);
      assert.deepEqual(await packed(write, images, source), archive, "equal images give equal bytes");
      const target = createMemoryBlobs();
      const read = await readArchive(chunks(pack(archive), chunkSize), target);
      const parts = ({ image }: NamedImage): unknown => [image.descriptor, image.id, image.config, image.layers, Buffer.from(image.manifestBytes), Buffer.from(image.configBytes)];
      assert.deepEqual(read.images.map(parts), images.map(parts));
      // Two images may differ in their manifests only; Docker's manifest.json names them by their config.
      for (const [index, { names }] of images.entries()) for (const name of names) assert.ok(read.images[index]!.names.includes(name));
      for (const { image } of images) for (const { descriptor } of image.layers) assert.deepEqual(target.readBytes(descriptor.digest, 1e7), source.readBytes(descriptor.digest, 1e7));
    },
  ), { numRuns: 60 });
});

const layer = tarOf([{ path: "bin/app", content: "binary" }]);
const second = tarOf([{ path: "etc/app", content: "settings" }]);
const config = configBytes([sha256(layer), sha256(second)]);
const hex = (digest: Digest): string => digest.slice(7);

function dockerManifest(entry: object): TarMember {
  return { path: "manifest.json", content: JSON.stringify([{ Config: "config.json", RepoTags: ["app:1"], Layers: ["a/layer.tar", "b/layer.tar"], ...entry }]) };
}

test("the form that docker save wrote before 25 is read, with layers that are links to one another", async () => {
  const [one, two] = ["1".repeat(64), "2".repeat(64)];
  const same = configBytes([sha256(layer), sha256(layer)]);
  const archive = tarOf([
    { path: one, type: "directory" },
    { path: `${one}/VERSION`, content: "1.0" },
    { path: `${one}/json`, content: "{}" },
    { path: `${one}/layer.tar`, content: layer },
    { path: two, type: "directory" },
    { path: `${two}/layer.tar`, type: "symlink", linkTarget: `../${one}/layer.tar` },
    { path: `${hex(sha256(same))}.json`, content: same },
    dockerManifest({ Config: `${hex(sha256(same))}.json`, Layers: [`${one}/layer.tar`, `${two}/layer.tar`] }),
    { path: "repositories", content: "{}" },
  ]);
  const target = createMemoryBlobs();
  const { images } = await readArchive(chunks(archive), target);
  assert.deepEqual(images[0]!.names, ["docker.io/library/app:1"]);
  assert.equal(images[0]!.image.id, sha256(same));
  assert.deepEqual(images[0]!.image.layers.map(({ descriptor, codec }) => [descriptor.digest, codec]), [[sha256(layer), "none"], [sha256(layer), "none"]]);
  assert.deepEqual([...target.digests], [sha256(layer)]);
});

test("layers of a Docker archive may be gzipped and large", async () => {
  const large = tarOf([{ path: "large", content: Buffer.alloc(300_000, 7) }]);
  const archive = tarOf([
    { path: "config.json", content: configBytes([sha256(large), sha256(second)]) },
    { path: "a/layer.tar", content: large },
    { path: "b/layer.tar", content: gzipSync(second) },
    dockerManifest({ RepoTags: null }),
  ]);
  const target = createMemoryBlobs();
  const { images } = await readArchive(chunks(archive, 999), target);
  assert.deepEqual(images[0]!.names, []);
  assert.deepEqual(images[0]!.image.layers.map(({ codec }) => codec), ["none", "gzip"]);
  for (const { descriptor } of images[0]!.image.layers) assert.ok(target.has(descriptor.digest));
});

test("of a multi-platform archive the image for the platform is taken, attestations are passed over", async () => {
  const blobs = createMemoryBlobs();
  const member = (bytes: Uint8Array): TarMember => ({ path: `blobs/sha256/${hex(sha256(bytes))}`, content: bytes });
  const members: TarMember[] = [];
  const manifests = await Promise.all(["amd64", "arm64", "unknown"].map(async (architecture) => {
    const { manifestBytes, configBytes: bytes, descriptor } = assembleImage({ config: Buffer.from(JSON.stringify({ os: "linux", architecture, rootfs: { type: "layers", diff_ids: [] } })), layers: [] });
    members.push(member(manifestBytes), member(bytes));
    return { ...descriptor, platform: { os: architecture === "unknown" ? "unknown" : "linux", architecture } };
  }));
  const index = serializeManifest({ schemaVersion: 2, mediaType: mediaType.ociIndex, manifests });
  const top = (annotations: Record<string, string>): TarMember => ({
    path: "index.json",
    content: JSON.stringify({ schemaVersion: 2, manifests: [{ mediaType: mediaType.ociIndex, digest: sha256(index), size: index.length, annotations }] }),
  });
  const archive = tarOf([top({ "org.opencontainers.image.ref.name": "localhost/multi:1" }), member(index), ...members]);
  const { images } = await readArchive(chunks(archive), blobs, { platform: { os: "linux", architecture: "arm64" } });
  assert.deepEqual(images.map(({ image, names }) => [image.config.architecture, names]), [["arm64", ["localhost/multi:1"]]]);
  await assert.rejects(readArchive(chunks(archive), blobs, { platform: { os: "linux", architecture: "s390x" } }), (error) =>
    isFault(error, "IMAGE_ARCHIVE_PLATFORM") && error.message.includes("linux/amd64, linux/arm64"));
});

test("a tag alone, as the image-spec has it, is no name", async () => {
  const { manifestBytes, configBytes: bytes, descriptor } = assembleImage({ config: configBytes([]), layers: [] });
  const archive = tarOf([
    { path: "index.json", content: JSON.stringify({ schemaVersion: 2, manifests: [{ ...descriptor, annotations: { "org.opencontainers.image.ref.name": "latest" } }] }) },
    ...[manifestBytes, bytes].map((content) => ({ path: `./blobs/sha256/${hex(sha256(content))}`, content })),
  ]);
  const { images } = await readArchive(chunks(archive), createMemoryBlobs());
  assert.deepEqual(images.map(({ names }) => names), [[]]);
});

const bad: readonly { title: string; archive: () => Buffer; code: FaultCode; says: RegExp }[] = [
  { title: "text", archive: () => Buffer.from("not a tar archive".repeat(100)), code: "ARCHIVE_INVALID", says: /no tar archive/ },
  { title: "an empty file", archive: () => Buffer.alloc(0), code: "IMAGE_ARCHIVE_INVALID", says: /neither index\.json nor manifest\.json/ },
  { title: "a tar that is no image", archive: () => tarOf([{ path: "readme", content: "x" }]), code: "IMAGE_ARCHIVE_INVALID", says: /neither index\.json nor manifest\.json/ },
  { title: "an archive that ends in the middle", archive: () => tarOf([{ path: "a/layer.tar", content: Buffer.alloc(100_000) }]).subarray(0, 50_000), code: "ARCHIVE_INVALID", says: /ends in the middle/ },
  { title: "gzip that ends in the middle", archive: () => gzipSync(tarOf([{ path: "a", content: Buffer.alloc(100_000, "ab") }])).subarray(0, 150), code: "ARCHIVE_DAMAGED", says: /gzip/ },
  { title: "an xz archive", archive: () => Buffer.concat([Buffer.from("fd377a585a00", "hex"), Buffer.alloc(100)]), code: "IMAGE_ARCHIVE_INVALID", says: /packed with xz/ },
  { title: "a blob with other content than its name says", archive: () => tarOf([{ path: `blobs/sha256/${"0".repeat(64)}`, content: "x" }]), code: "IMAGE_ARCHIVE_INVALID", says: /blobs\/sha256\/0000/ },
  { title: "a large blob with other content than its name says, and more behind it", archive: () => tarOf([{ path: `blobs/sha256/${"0".repeat(64)}`, content: Buffer.alloc(500_000) }, { path: "b.tar", content: Buffer.alloc(500_000) }]), code: "IMAGE_ARCHIVE_INVALID", says: /blobs\/sha256\/0000/ },
  { title: "an index that points at nothing", archive: () => tarOf([{ path: "index.json", content: JSON.stringify({ schemaVersion: 2, manifests: [{ mediaType: mediaType.ociManifest, digest: sha256("x"), size: 1 }] }) }]), code: "IMAGE_ARCHIVE_INVALID", says: /missing/ },
  { title: "an index that is no JSON", archive: () => tarOf([{ path: "index.json", content: "{" }]), code: "DOCUMENT_INVALID", says: /index\.json/ },
  { title: "a manifest.json that is no list", archive: () => tarOf([{ path: "manifest.json", content: "{}" }]), code: "IMAGE_ARCHIVE_INVALID", says: /not a list/ },
  { title: "a manifest.json without layers", archive: () => tarOf([dockerManifest({ Layers: "a" })]), code: "IMAGE_ARCHIVE_INVALID", says: /Layers/ },
  { title: "a layer that is missing", archive: () => tarOf([{ path: "config.json", content: config }, { path: "a/layer.tar", content: layer }, dockerManifest({})]), code: "IMAGE_ARCHIVE_INVALID", says: /"b\/layer\.tar"/ },
  { title: "a config that is missing", archive: () => tarOf([dockerManifest({ Config: "../../etc/passwd" })]), code: "IMAGE_ARCHIVE_INVALID", says: /etc\/passwd/ },
  { title: "a layer with other content than the config says", archive: () => tarOf([{ path: "config.json", content: config }, { path: "a/layer.tar", content: second }, { path: "b/layer.tar", content: layer }, dockerManifest({})]), code: "IMAGE_INCONSISTENT", says: /a\/layer\.tar/ },
  { title: "fewer layers than the config lists", archive: () => tarOf([{ path: "config.json", content: config }, { path: "a/layer.tar", content: layer }, dockerManifest({ Layers: ["a/layer.tar"] })]), code: "IMAGE_INCONSISTENT", says: /2 layers/ },
  { title: "links in a circle", archive: () => tarOf([{ path: "config.json", content: config }, { path: "a/layer.tar", type: "symlink", linkTarget: "../b/layer.tar" }, { path: "b/layer.tar", type: "symlink", linkTarget: "../a/layer.tar" }, dockerManifest({})]), code: "IMAGE_ARCHIVE_INVALID", says: /a\/layer\.tar/ },
  { title: "a link that leads outside", archive: () => tarOf([{ path: "config.json", type: "symlink", linkTarget: "../../../../../../etc/hostname" }, dockerManifest({ Layers: [] })]), code: "IMAGE_ARCHIVE_INVALID", says: /config\.json/ },
  { title: "a name that is none", archive: () => tarOf([{ path: "config.json", content: configBytes([]) }, dockerManifest({ Layers: [], RepoTags: ["NOT A NAME"] })]), code: "REFERENCE_INVALID", says: /NOT A NAME/ },
];

for (const { title, archive, code, says } of bad) {
  test(`loading ${title} is a fault`, async () => {
    await assert.rejects(readArchive(chunks(archive()), createMemoryBlobs(), { archive: "bad.tar" }), (error) => {
      assert.ok(isFault(error, code), String((error as Error).stack));
      assert.match(error.message, says);
      return true;
    });
  });
}

test("an archive with more entries than any image has is refused", async () => {
  const headers = tarOf(Array.from({ length: 1000 }, () => ({ path: "x.json" }))).subarray(0, 512_000);
  const source = async function* (): AsyncGenerator<Uint8Array> { for (;;) yield headers; };
  await assert.rejects(readArchive(source(), createMemoryBlobs()), (error) => isFault(error, "IMAGE_ARCHIVE_INVALID") && /100000 entries/.test(error.message));
});

test("an error of the input comes through, and no write is left hanging", async () => {
  const source = async function* (): AsyncGenerator<Uint8Array> {
    yield tarOf([{ path: "a.tar", content: Buffer.alloc(200_000) }]).subarray(0, 100_000);
    throw new Error("the pipe broke");
  };
  await assert.rejects(readArchive(source(), createMemoryBlobs()), /the pipe broke/);
  await assert.rejects(readArchive(chunks(tarOf([{ path: "a.tar", content: Buffer.alloc(200_000) }])), createMemoryBlobs(), { signal: AbortSignal.abort() }), { name: "AbortError" });
});
