import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../std/fault.ts";
import { formatLocation, parseLocation } from "./location.ts";

test("places are read in skopeo's spelling, and a word without one is a registry's", () => {
  const alpine = { host: "docker.io", repository: "library/alpine", tag: "3" };
  assert.deepEqual(parseLocation("docker://alpine:3"), { kind: "registry", reference: alpine });
  assert.deepEqual(parseLocation("alpine:3"), { kind: "registry", reference: alpine });
  assert.deepEqual(parseLocation("oci:a/b"), { kind: "oci", path: "a/b" });
  assert.deepEqual(parseLocation("oci:a/b:registry.example.com/x:1"), { kind: "oci", path: "a/b", tag: "registry.example.com/x:1" });
  assert.deepEqual(parseLocation("oci-archive:a.tar:v1"), { kind: "oci-archive", path: "a.tar", tag: "v1" });
  assert.deepEqual(parseLocation("docker-archive:/a.tar:app:1"), { kind: "docker-archive", path: "/a.tar", tag: "app:1" });
  assert.deepEqual(parseLocation("store:app:1"), { kind: "store", name: "app:1" });
});

test("places are shown as they can be typed", () => {
  for (const word of ["oci:a", "oci:a:b:c", "oci-archive:x.tar", "docker-archive:x.tar:app:1", "store:app:1"]) assert.equal(formatLocation(parseLocation(word)), word);
  assert.equal(formatLocation(parseLocation("docker://alpine")), "alpine:latest");
});

test("a place without a path, an empty tag and other tools' places are refused", () => {
  for (const word of ["oci:", "oci::x", "oci:a:", "store:", "oci-archive:"]) assert.throws(() => parseLocation(word), (error) => isFault(error, "USAGE"), word);
  for (const word of ["containers-storage:x", "docker-daemon:x:1", "dir:x", "ocidir://x"]) assert.throws(() => parseLocation(word), (error) => isFault(error, "NOT_SUPPORTED") && error.hint !== undefined, word);
  assert.throws(() => parseLocation("docker://UPPER"), (error) => isFault(error, "REFERENCE_INVALID"));
});
