import assert from "node:assert/strict";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { configBytes, temporaryFolder } from "../../test/support/temporary-store.ts";
import { chainId } from "../oci/chain-id.ts";
import { sha256, type Digest } from "../oci/digest.ts";
import { serializeManifest, type Descriptor } from "../oci/manifest.ts";
import { mediaType } from "../oci/media-type.ts";
import { openStore, type Store } from "./open-store.ts";

/** What a store is filled with; numbers point into the lists, modulo their lengths. */
interface Plan {
  /** Each image's layers, as numbers of diffIds. */
  readonly images: readonly { layers: readonly number[]; packed: boolean; fate: "kept" | "removed" | "removed while in use" }[];
  /** Indexes of the packed ones among these images; each lists one that is not here too, and with `attested` an attestation of the first. */
  readonly indexes: readonly { images: readonly number[]; attested: boolean; fate: "kept" | "removed" | "removed while in use" }[];
  readonly snapshots: readonly { parent: number | null; image: number; depth: number; diffId: number }[];
  readonly blobs: readonly { diffId: number; layer: boolean }[];
  readonly records: readonly (number | null)[];
  readonly heldBlobs: readonly number[];
  readonly heldSnapshots: readonly number[];
  readonly keepCache: boolean;
}

const small = fc.nat(20);
const plans: fc.Arbitrary<Plan> = fc.record({
  images: fc.array(fc.record({ layers: fc.array(fc.nat(5), { maxLength: 4 }), packed: fc.boolean(), fate: fc.constantFrom("kept", "removed", "removed while in use") }), { maxLength: 4 }),
  indexes: fc.array(fc.record({ images: fc.array(small, { minLength: 1, maxLength: 3 }), attested: fc.boolean(), fate: fc.constantFrom("kept", "removed", "removed while in use") }), { maxLength: 3 }),
  snapshots: fc.array(fc.record({ parent: fc.option(small), image: small, depth: fc.nat(4), diffId: fc.nat(5) }), { maxLength: 7 }),
  blobs: fc.array(fc.record({ diffId: fc.nat(5), layer: fc.boolean() }), { maxLength: 6 }),
  records: fc.array(fc.option(small), { maxLength: 4 }),
  heldBlobs: fc.array(small, { maxLength: 2 }),
  heldSnapshots: fc.array(small, { maxLength: 2 }),
  keepCache: fc.boolean(),
});

const diffIdOf = (number: number): Digest => sha256(`layer ${number}`);

interface Filled {
  readonly images: { id: Digest; diffIds: Digest[]; blobs: Digest[]; fate: string }[];
  readonly indexes: { id: Digest; images: Digest[]; blobs: Digest[]; fate: string }[];
  readonly snapshots: { id: string; parent: string | undefined; chainId: Digest | undefined; diffId: Digest }[];
  /** Which layers each blob is known to hold: an index tells it of its images. */
  readonly blobs: { digest: Digest; diffIds: Digest[] }[];
  readonly records: (string | null)[];
}

function fill(store: Store, plan: Plan): Filled {
  const blobs = plan.blobs.map(({ diffId, layer }, index) => {
    const bytes = Buffer.from(`blob ${index}`);
    const digest = store.blobs.writeBytes(bytes);
    if (layer) store.layers.remember({ diffId: diffIdOf(diffId), digest, size: bytes.length, mediaType: mediaType.ociLayerGzip, codec: "gzip" });
    return { digest, diffIds: layer ? [diffIdOf(diffId)] : [] };
  });
  const images = plan.images.map(({ layers, packed, fate }, index) => {
    const diffIds = layers.map(diffIdOf);
    const config = configBytes(diffIds, { author: String(index) });
    const own: Digest[] = [];
    const packedLayers = packed && blobs.length > 0 ? layers.map((number) => blobs[number % blobs.length]!.digest) : undefined;
    const manifest = packedLayers && {
      mediaType: mediaType.ociManifest,
      bytes: serializeManifest({
        schemaVersion: 2, mediaType: mediaType.ociManifest,
        config: { mediaType: mediaType.ociConfig, digest: sha256(config), size: config.length },
        layers: packedLayers.map((digest) => ({ mediaType: mediaType.ociLayerGzip, digest, size: 6 })),
      }),
    };
    const { id } = store.images.put({ config, names: [`app${index}:1`], ...(manifest ? { manifest } : {}) });
    own.push(id, ...(manifest ? [sha256(manifest.bytes), ...packedLayers!] : []));
    return { id, diffIds, blobs: own, fate, manifest, layers: packedLayers ?? [] };
  });
  const indexes = plan.indexes.flatMap((index, number) => {
    const listed = [...new Set(index.images.flatMap((each) => images[each % images.length] ?? []))].filter((image) => image.manifest !== undefined);
    for (const { layers, diffIds } of listed) layers.forEach((digest, position) => blobs.find((blob) => blob.digest === digest)!.diffIds.push(diffIds[position]!));
    return listed.length === 0 ? [] : [putIndex(store, listed.map(({ id, manifest }) => ({ id, bytes: manifest!.bytes })), { ...index, number })];
  });
  const snapshots: Filled["snapshots"] = [];
  for (const { parent, image, depth, diffId } of plan.snapshots) {
    const below = parent === null || snapshots.length === 0 ? undefined : snapshots[parent % snapshots.length]!.id;
    const wanted = images.length === 0 ? undefined : images[image % images.length]!.diffIds;
    const chain = wanted && chainId(wanted.slice(0, depth));
    const { id } = store.snapshots.commit(store.snapshots.prepare(below), { createdAt: 1, chainId: chain, diffId: diffIdOf(diffId) });
    snapshots.push({ id, parent: below, chainId: chain, diffId: diffIdOf(diffId) });
  }
  const records = plan.records.map((number, index) => {
    const snapshot = number === null || snapshots.length === 0 ? null : snapshots[number % snapshots.length]!.id;
    store.cache.save({ key: sha256(`key ${index}`), resultId: sha256("r"), snapshot, slot: "s", components: {}, createdAt: 1, aliases: [sha256(`alias ${index}`)] });
    return snapshot;
  });
  return { images, indexes, snapshots, blobs, records };
}

function putIndex(store: Store, listed: readonly { id: Digest; bytes: Uint8Array }[], { attested, fate, number }: { attested: boolean; fate: string; number: number }): Filled["indexes"][number] {
  const own: Digest[] = [];
  const write = (bytes: Uint8Array): { digest: Digest; size: number } => {
    own.push(store.blobs.writeBytes(bytes));
    return { digest: own.at(-1)!, size: bytes.length };
  };
  const entry = (digest: Digest, size: number, more: object): Descriptor => ({ mediaType: mediaType.ociManifest, digest, size, ...more });
  const manifests = listed.map(({ bytes }) => entry(sha256(bytes), bytes.length, { platform: { os: "linux", architecture: "amd64" } }));
  manifests.push(entry(sha256(`elsewhere ${number}`), 1, { platform: { os: "linux", architecture: "s390x" } }));
  if (attested) {
    const config = { mediaType: mediaType.ociConfig, ...write(Buffer.from(`{"attestation":${number}}`)) };
    const attestation = write(serializeManifest({ schemaVersion: 2, mediaType: mediaType.ociManifest, config, layers: [{ mediaType: "application/vnd.in-toto+json", ...write(Buffer.from(`statement ${number}`)) }] }));
    manifests.push(entry(attestation.digest, attestation.size, {
      platform: { os: "unknown", architecture: "unknown" },
      annotations: { "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": manifests[0]!.digest },
    }));
  }
  const bytes = serializeManifest({ schemaVersion: 2, mediaType: mediaType.ociIndex, manifests, annotations: { number: String(number) } });
  const { id } = store.images.putIndex({ bytes, mediaType: mediaType.ociIndex, names: [`index${number}:1`] });
  return { id, images: listed.map((image) => image.id), blobs: [id, ...own], fate };
}

/** What has to be there afterwards, found without SQL. */
function needed(plan: Plan, filled: Filled, held: { blobs: Set<Digest>; snapshots: Set<string> }): { blobs: Set<Digest>; snapshots: Set<string> } {
  const indexes = filled.indexes.filter(({ fate }) => fate !== "removed");
  const alive = filled.images.filter(({ id, fate }) => fate !== "removed" || indexes.some(({ images }) => images.includes(id)));
  const chains = new Set(alive.flatMap(({ diffIds }) => diffIds.map((_, index) => chainId(diffIds.slice(0, index + 1)))));
  const snapshots = new Set<string>(held.snapshots);
  for (const snapshot of filled.snapshots) if (snapshot.chainId !== undefined && chains.has(snapshot.chainId)) snapshots.add(snapshot.id);
  if (plan.keepCache) for (const snapshot of filled.records) if (snapshot !== null) snapshots.add(snapshot);
  for (const snapshot of filled.snapshots.toReversed()) if (snapshots.has(snapshot.id) && snapshot.parent !== undefined) snapshots.add(snapshot.parent);
  const diffIds = new Set([...alive.flatMap((image) => image.diffIds), ...filled.snapshots.filter(({ id }) => snapshots.has(id)).map(({ diffId }) => diffId)]);
  const blobs = new Set<Digest>([...held.blobs, ...alive.flatMap((image) => image.blobs), ...indexes.flatMap((index) => index.blobs)]);
  for (const { digest, diffIds: held } of filled.blobs) if (held.some((diffId) => diffIds.has(diffId))) blobs.add(digest);
  return { blobs, snapshots };
}

test("collection keeps exactly what images, indexes, cache records and living processes need", async (context) => {
  await fc.assert(fc.asyncProperty(plans, async (plan) => {
    const root = join(temporaryFolder(context), "store");
    const maker = await openStore(root);
    const filled = fill(maker, plan);
    for (const { id, fate } of [...filled.images, ...filled.indexes]) if (fate === "removed") maker.images.remove(id);
    await maker.close();

    await using user = await openStore(root);
    const held = { blobs: new Set<Digest>(), snapshots: new Set<string>() };
    for (const number of plan.heldBlobs) {
      const blob = filled.blobs[number % filled.blobs.length];
      if (blob && user.blobs.has(blob.digest)) held.blobs.add(blob.digest);
    }
    for (const number of plan.heldSnapshots) {
      const snapshot = filled.snapshots[number % filled.snapshots.length];
      if (snapshot && user.snapshots.get(snapshot.id)) held.snapshots.add(snapshot.id);
    }
    for (const { id, fate } of [...filled.images, ...filled.indexes]) if (fate === "removed while in use") user.images.get(id);

    await using collector = await openStore(root);
    for (const { id, fate } of [...filled.images, ...filled.indexes]) if (fate === "removed while in use") collector.images.remove(id);
    await collector.collect({ keepCache: plan.keepCache });

    const expected = needed(plan, filled, held);
    assert.deepEqual(new Set(readdirSync(join(root, "blobs", "sha256")).map((hex) => `sha256:${hex}`)), expected.blobs);
    assert.deepEqual(new Set(readdirSync(join(root, "snapshots"))), expected.snapshots);
    for (const { digest } of filled.blobs) assert.equal(collector.blobs.has(digest), expected.blobs.has(digest));
    for (const { id } of filled.snapshots) assert.equal(collector.snapshots.get(id) !== undefined, expected.snapshots.has(id));
    filled.records.forEach((_, index) => assert.equal(collector.cache.find(sha256(`alias ${index}`)) !== undefined, plan.keepCache));
    assert.deepEqual(collector.images.list().map(({ id }) => id).sort(), [...filled.images, ...filled.indexes].filter(({ fate }) => fate === "kept").map(({ id }) => id).sort());
  }), { numRuns: 50 });
});

test("what a process wrote and nobody refers to yet stays until that process ends", async (context) => {
  const root = temporaryFolder(context);
  await using collector = await openStore(root);
  const writer = await openStore(root);
  const digest = writer.blobs.writeBytes(Buffer.from("layer"));
  const base = writer.snapshots.commit(writer.snapshots.prepare(), { createdAt: 1 });
  const active = writer.snapshots.prepare(base.id);
  assert.deepEqual(await collector.collect(), { blobs: 0, blobBytes: 0, snapshots: 0, snapshotBytes: 0, mounts: 0, mountBytes: 0 });
  writeFileSync(join(active.upper, "still here"), "");
  await writer.close();
  assert.deepEqual(await collector.collect(), { blobs: 1, blobBytes: 5, snapshots: 1, snapshotBytes: 0, mounts: 0, mountBytes: 0 });
  assert.ok(!existsSync(collector.blobs.path(digest)));
});

test("an image that its own process looked at can be removed and collected at once", async (context) => {
  await using store = await openStore(temporaryFolder(context));
  const active = store.snapshots.prepare();
  store.snapshots.commit(active, { createdAt: 1, chainId: diffIdOf(1), diffId: diffIdOf(1) });
  store.images.put({ config: configBytes([diffIdOf(1)]), names: ["app:1"] });
  store.images.list();
  assert.ok(store.snapshots.byChainId(diffIdOf(1)));
  store.images.remove(store.images.find("app:1").id);
  const { blobs, snapshots } = await store.collect();
  assert.deepEqual({ blobs, snapshots }, { blobs: 1, snapshots: 1 });
  assert.deepEqual({ ...store.usage() }, { images: 0, blobs: 0, blobBytes: 0, snapshots: 0, snapshotBytes: 0, cacheRecords: 0 });
});

test("a blob that is written while it is being removed is there afterwards", async (context) => {
  const root = temporaryFolder(context);
  const writer = await openStore(root);
  const digest = writer.blobs.writeBytes(Buffer.from("layer"));
  await writer.close();
  await using collector = await openStore(root);
  await using again = await openStore(root);
  const collecting = collector.collect();
  assert.equal(again.blobs.writeBytes(Buffer.from("layer")), digest);
  await collecting;
  assert.ok(again.blobs.has(digest));
  assert.equal(Buffer.from(again.blobs.readBytes(digest, 10)).toString(), "layer");
});

test("a file that a killed process left without a row is swept up", async (context) => {
  await using store = await openStore(temporaryFolder(context));
  const stray = store.blobs.path(sha256("stray"));
  writeFileSync(stray, "stray");
  await store.collect();
  assert.ok(!existsSync(stray));
});
