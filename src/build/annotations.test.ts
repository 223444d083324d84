import assert from "node:assert/strict";
import { test } from "node:test";
import { annotationAttribute, Annotations, parseAnnotation } from "./annotations.ts";

test("annotations are read as buildx reads them", () => {
  assert.deepEqual(parseAnnotation("a.b=c=d"), [{ place: "manifest", key: "a.b", value: "c=d" }]);
  assert.deepEqual(parseAnnotation("index,manifest[linux/arm/v7]:k=v"), [
    { place: "index", key: "k", value: "v" }, { place: "manifest", platform: { os: "linux", architecture: "arm", variant: "v7" }, key: "k", value: "v" },
  ]);
  assert.deepEqual(parseAnnotation("manifest-descriptor:url=http://x:1/"), [{ place: "manifest-descriptor", key: "url", value: "http://x:1/" }]);
  assert.deepEqual(annotationAttribute("annotation-index-descriptor.k", "v"), { place: "index-descriptor", key: "k", value: "v" });
  assert.deepEqual(annotationAttribute("annotation[linux/amd64].k", "v"), { place: "manifest", platform: { os: "linux", architecture: "amd64" }, key: "k", value: "v" });
  assert.equal(annotationAttribute("compression", "zstd"), undefined);
  for (const text of ["x", "=v", "index:=v", "layer:k=v", "index[linux/amd64]:k=v"]) assert.throws(() => parseAnnotation(text), { code: "ANNOTATION_INVALID" }, text);
});

test("what is said of a platform goes before what is said of all, and keys are sorted", () => {
  const all = new Annotations(["z=1", "a=all", "manifest[linux/arm64]:a=arm", "index:i=1"].flatMap(parseAnnotation));
  assert.deepEqual(Object.entries(all.of("manifest", { os: "linux", architecture: "arm64" })), [["a", "arm"], ["z", "1"]]);
  assert.deepEqual(all.of("manifest", { os: "linux", architecture: "amd64" }), { a: "all", z: "1" });
  assert.ok(all.needIndex);
});
