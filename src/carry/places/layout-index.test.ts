import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "../../oci/digest.ts";
import { parseIndex } from "../../oci/manifest.ts";
import { mediaType } from "../../oci/media-type.ts";
import type { Document } from "../place.ts";
import { LayoutIndex } from "./layout-index.ts";

const document = (text: string, subject?: Document): Document => {
  const bytes = Buffer.from(JSON.stringify({ text, ...(subject ? { subject: { digest: subject.digest } } : {}) }));
  return { bytes, mediaType: mediaType.ociManifest, digest: sha256(bytes) };
};
const entries = (index: LayoutIndex): string[] =>
  parseIndex(index.bytes).manifests.map(({ digest, annotations }) => `${names.get(digest)} ${annotations?.["org.opencontainers.image.ref.name"] ?? "-"}`);

const [one, two] = [document("one"), document("two")];
const signature = document("signature", one);
const names = new Map([[one.digest, "one"], [two.digest, "two"], [signature.digest, "signature"]]);

test("a name belongs to one image, and an image may have several", () => {
  const index = new LayoutIndex();
  index.name(one, "a");
  index.name(one, "b");
  index.name(two, "a");
  assert.deepEqual(entries(index), ["one b", "two a"]);
  index.name(two, undefined);
  assert.deepEqual(entries(index), ["one b", "two a"], "it is listed already");
  index.name(signature, undefined);
  assert.deepEqual(entries(index), ["one b", "two a", "signature -"]);
});

test("referrers are listed once, those with a tag by it; children of an index are found through it", () => {
  const index = new LayoutIndex();
  for (let round = 0; round < 2; round += 1) {
    index.addReferrer(signature, undefined);
    index.addReferrer(one, undefined);
    index.addReferrer(two, "sha256-abc.sig");
  }
  assert.deepEqual(entries(index), ["signature -", "two sha256-abc.sig"]);
});

test("what another process wrote meanwhile stays, but for the names that are given now", () => {
  const [current, added] = [new LayoutIndex(), new LayoutIndex()];
  current.name(one, "theirs");
  current.name(one, "ours");
  added.name(two, "ours");
  added.addReferrer(signature, undefined);
  current.merge(added);
  assert.deepEqual(entries(current), ["one theirs", "two ours", "signature -"]);
});

test("a full name is noted as containerd reads it", () => {
  const index = new LayoutIndex();
  index.name(one, "team/app:1");
  assert.equal(parseIndex(index.bytes).manifests[0]!.annotations?.["io.containerd.image.name"], "docker.io/team/app:1");
});
