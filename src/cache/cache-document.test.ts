import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { sha256 } from "../oci/digest.ts";
import { ociLayerType } from "../oci/media-type.ts";
import { isFault } from "../std/fault.ts";
import { layersUpTo, parseCache, serializeCache, type CacheDocument } from "./cache-document.ts";

const document: fc.Arbitrary<CacheDocument> = fc.array(fc.nat(1000), { minLength: 1, maxLength: 12 }).chain((sizes) =>
  fc.record({
    layers: fc.tuple(...sizes.map((size, index) => fc.option(fc.nat(Math.max(0, index - 1)), { nil: undefined }).map((parent) => ({
      diffId: sha256(`tar ${index}`), blob: { mediaType: ociLayerType("gzip"), digest: sha256(`blob ${index}`), size }, parent: index === 0 ? undefined : parent,
    })))),
    records: fc.array(fc.record({
      keys: fc.array(fc.nat(50).map((number) => sha256(`key ${number}`)), { minLength: 1, maxLength: 3 }), resultId: fc.nat().map((number) => sha256(`result ${number}`)),
      createdAt: fc.nat(), layer: fc.option(fc.nat(sizes.length - 1), { nil: undefined }),
    }, { noNullPrototype: true }), { maxLength: 10 }),
  }, { noNullPrototype: true }));

test("a cache is read back as it was written, and every stack ends at its layer", () => {
  fc.assert(fc.property(document, (cache) => {
    assert.deepEqual(parseCache(serializeCache(cache), "x"), cache);
    for (const { layer } of cache.records) {
      const stack = layersUpTo(cache.layers, layer);
      assert.equal(stack?.at(-1), layer === undefined ? undefined : cache.layers[layer]);
      assert.ok((stack?.length ?? 0) <= cache.layers.length);
    }
  }));
});

test("whatever is in a cache's config, it is read or refused, and reading ends", () => {
  fc.assert(fc.property(fc.json(), (text) => {
    try {
      parseCache(Buffer.from(text), "x");
    } catch (error) {
      assert.ok(isFault(error, "DOCUMENT_INVALID"));
    }
  }));
  fc.assert(fc.property(document, fc.nat(), fc.jsonValue(), (cache, position, value) => {
    const parsed = JSON.parse(Buffer.from(serializeCache(cache)).toString()) as { layers: Record<string, unknown>[]; records: Record<string, unknown>[] };
    const items = [...parsed.layers, ...parsed.records];
    const item = items[position % items.length]!;
    const members = Object.keys(item);
    item[members[position % members.length]!] = value;
    try {
      const read = parseCache(Buffer.from(JSON.stringify(parsed)), "x");
      for (const { layer } of read.records) layersUpTo(read.layers, layer);
    } catch (error) {
      assert.ok(isFault(error, "DOCUMENT_INVALID"));
    }
  }));
});
