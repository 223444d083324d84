import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Digest } from "../oci/digest.ts";
import { sha256 } from "../oci/digest.ts";
import type { Contents, Part } from "./contents.ts";
import { cacheBytes, chooseEvictions, chooseRecords, type EvictOptions } from "./evict.ts";
import { Tally } from "./tally.ts";

const id = (name: string): Digest => sha256(name);

interface Sketch {
  readonly snapshots: readonly { parent?: number; size: number }[];
  readonly records: readonly { snapshot: number | null; usedAt: number }[];
  readonly images: readonly { parts: readonly number[]; named?: boolean; usedAt: number; used?: boolean }[];
  readonly used: readonly number[];
}

/** Snapshots are numbered from 1, records `r0`, images `i0`. */
function contentsOf({ snapshots, records, images, used }: Sketch): Contents {
  return {
    blobs: new Map(),
    snapshots: new Map(snapshots.map(({ parent, size }, index) => [index + 1, { parent: parent ?? null, size, parts: parent === undefined ? [] : [parent] }])),
    linkedFiles: new Map(),
    images: images.map(({ parts, named, usedAt }, index) => ({ id: id(`i${index}`), named: named === true, created: usedAt, usedAt, parts })),
    records: records.map(({ snapshot, usedAt }, index) => ({ key: id(`r${index}`), snapshot, slot: "", createdAt: index, usedAt, bytes: 10 })),
    mounts: new Map(),
    spareBlobs: [],
    inUse: { images: new Set(images.flatMap(({ used: isUsed }, index) => (isUsed ? [id(`i${index}`)] : []))), parts: new Set<Part>(used) },
  };
}

const names = (digests: readonly Digest[], letter: string): string[] => digests.map((digest) => Array.from({ length: 20 }, (_, n) => `${letter}${n}`).find((name) => id(name) === digest)!);
const records = (sketch: Sketch, options: Partial<EvictOptions> & { bytes?: number } = {}): string[] =>
  names(chooseEvictions(contentsOf(sketch), { keep: { of: "cache", bytes: options.bytes ?? 0 }, ...options }).records, "r");

test("the least recently used goes first, and no more than necessary", () => {
  const sketch: Sketch = { snapshots: [{ size: 10 }, { size: 20 }, { size: 30 }], records: [{ snapshot: 1, usedAt: 3 }, { snapshot: 2, usedAt: 1 }, { snapshot: 3, usedAt: 2 }], images: [], used: [] };
  assert.deepEqual(records(sketch, { bytes: 60 }), []);
  assert.deepEqual(records(sketch, { bytes: 59 }), ["r1"]);
  assert.deepEqual(records(sketch, { bytes: 39 }), ["r1", "r2"]);
  assert.deepEqual(records(sketch), ["r1", "r2", "r0"]);
  assert.deepEqual(records(sketch, { usedBefore: 2 }), ["r1"]);
});

test("a step that was found long ago stays while one that is built upon it was used lately", () => {
  const sketch: Sketch = { snapshots: [{ size: 10 }, { parent: 1, size: 10 }, { size: 10 }], records: [{ snapshot: 1, usedAt: 1 }, { snapshot: 2, usedAt: 5 }, { snapshot: 3, usedAt: 4 }], images: [], used: [] };
  assert.deepEqual(records(sketch, { bytes: 25 }), ["r2"]);
  assert.deepEqual(records(sketch), ["r2", "r1", "r0"], "of what is equally old the upper step goes first");
});

test("what shares all with an image frees nothing and stays, unless everything is to go", () => {
  const sketch: Sketch = { snapshots: [{ size: 10 }], records: [{ snapshot: 1, usedAt: 1 }, { snapshot: null, usedAt: 1 }], images: [{ parts: [1], named: true, usedAt: 1 }], used: [] };
  assert.deepEqual(records(sketch), []);
  assert.deepEqual(records(sketch, { shared: true }).sort(), ["r0", "r1"]);
});

test("an image without a name and the cache of its steps go together, whichever is older", () => {
  for (const [image, record] of [[1, 2], [2, 1]] as const) {
    const contents = contentsOf({ snapshots: [{ size: 10 }], records: [{ snapshot: 1, usedAt: record }], images: [{ parts: [1], usedAt: image }], used: [] });
    const chosen = chooseEvictions(contents, { keep: { of: "store", bytes: 5 }, danglingImages: true });
    assert.deepEqual([chosen.images.length, chosen.records.length], [1, 1]);
  }
});

test("the number and bytes of records are kept within limits of their own", () => {
  const contents = contentsOf({ snapshots: [{ size: 1 }, { size: 1 }, { size: 1 }], records: [{ snapshot: 1, usedAt: 3 }, { snapshot: 2, usedAt: 1 }, { snapshot: 3, usedAt: 2 }], images: [], used: [1, 2, 3] });
  assert.deepEqual(names(chooseRecords(contents, { records: 2, bytes: Infinity }), "r"), ["r1"]);
  assert.deepEqual(names(chooseRecords(contents, { records: 3, bytes: 15 }), "r"), ["r1", "r2"]);
});

const sketches: fc.Arbitrary<Sketch> = fc.record({
  snapshots: fc.array(fc.record({ parent: fc.nat(20), size: fc.nat(100) }), { minLength: 1, maxLength: 10 })
    .map((rows) => rows.map(({ parent, size }, index) => ({ size, ...(parent % (index + 1) === 0 ? {} : { parent: parent % (index + 1) }) }))),
  records: fc.array(fc.record({ snapshot: fc.option(fc.integer({ min: 1, max: 12 })), usedAt: fc.nat(5) }), { maxLength: 10 }),
  images: fc.array(fc.record({ parts: fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 3 }), named: fc.boolean(), usedAt: fc.nat(5), used: fc.boolean() }), { maxLength: 5 }),
  used: fc.array(fc.integer({ min: 1, max: 10 }), { maxLength: 2 }),
});

test("whatever the store holds: named and used things stay, the limit is kept where it can be, and nothing goes in vain", () => {
  fc.assert(fc.property(sketches, fc.nat(300), (sketch, bytes) => {
    const contents = contentsOf(sketch);
    const chosen = chooseEvictions(contents, { keep: { of: "store", bytes }, danglingImages: true });
    const goneRecords = new Set(chosen.records);
    const goneImages = new Set(chosen.images);
    const needed = (keepRecords: boolean, without?: Digest): Tally => {
      const tally = new Tally(contents).add(contents.inUse.parts);
      for (const image of contents.images) if (!goneImages.has(image.id)) tally.add(image.parts);
      for (const { key, snapshot } of contents.records) if (keepRecords && snapshot !== null && (!goneRecords.has(key) || key === without)) tally.add([snapshot]);
      return tally;
    };
    for (const image of contents.images) assert.ok(!goneImages.has(image.id) || (!image.named && !contents.inUse.images.has(image.id)));
    const after = needed(true).bytes;
    const least = new Tally(contents).add(contents.inUse.parts);
    for (const image of contents.images) if (image.named || contents.inUse.images.has(image.id)) least.add(image.parts);
    assert.ok(after <= Math.max(bytes, least.bytes), `${after} of ${bytes}, ${least.bytes} cannot go`);
    for (const { key, snapshot } of contents.records) {
      if (goneRecords.has(key)) assert.ok(snapshot !== null && !needed(true).has(snapshot), "a record went in vain");
      if (goneRecords.has(key)) assert.ok(!least.has(snapshot!), "a record in use went");
    }
  }), { numRuns: 500 });
});

test("what may stay of the cache does not count what images need", () => {
  fc.assert(fc.property(sketches, fc.nat(300), (sketch, bytes) => {
    const contents = contentsOf(sketch);
    const chosen = chooseEvictions(contents, { keep: { of: "cache", bytes } });
    const gone = new Set(chosen.records);
    assert.deepEqual(chosen.images, []);
    assert.ok(cacheBytes({ ...contents, records: contents.records.filter(({ key }) => !gone.has(key)) }) <= bytes);
    if (cacheBytes(contents) <= bytes) assert.deepEqual(chosen.records, []);
  }), { numRuns: 500 });
});
