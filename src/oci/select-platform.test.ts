import assert from "node:assert/strict";
import { test } from "node:test";
import type { Descriptor, Index } from "./manifest.ts";
import { mediaType } from "./media-type.ts";
import type { Platform } from "./platform.ts";
import { listPlatforms, selectPlatform } from "./select-platform.ts";

let count = 0;
const entry = (platform?: Platform, more: Partial<Descriptor> = {}): Descriptor => ({
  mediaType: mediaType.ociManifest, digest: `sha256:${String((count += 1)).padStart(64, "0")}`, size: 1, ...(platform ? { platform } : {}), ...more,
});
const index = (...manifests: Descriptor[]): Index => ({ schemaVersion: 2, manifests });
const linux = (architecture: string, variant?: string): Platform => ({ os: "linux", architecture, ...(variant ? { variant } : {}) });

test("the image of the wanted platform is chosen", () => {
  const wanted = entry(linux("arm64", "v8"));
  assert.equal(selectPlatform(index(entry(linux("amd64")), wanted), linux("arm64")), wanted);
});

test("the same variant is preferred, then the highest lower one", () => {
  const v5 = entry(linux("arm", "v5"));
  const v6 = entry(linux("arm", "v6"));
  const v7 = entry(linux("arm", "v7"));
  assert.equal(selectPlatform(index(v5, v7, v6), linux("arm", "v6")), v6);
  assert.equal(selectPlatform(index(v5, v6), linux("arm", "v7")), v6);
  assert.equal(selectPlatform(index(v7), linux("arm", "v6")), undefined);
});

test("attestations are passed over, also where they are the only ones", () => {
  const unknown = entry({ os: "unknown", architecture: "unknown" });
  const marked = entry(linux("amd64"), { annotations: { "vnd.docker.reference.type": "attestation-manifest" } });
  const image = entry(linux("amd64"));
  assert.equal(selectPlatform(index(unknown, marked, image), linux("amd64")), image);
  assert.equal(selectPlatform(index(unknown, marked), linux("amd64")), undefined);
  assert.deepEqual(listPlatforms(index(unknown, marked, image)), ["linux/amd64"]);
});

test("an entry without a platform is the last resort", () => {
  const bare = entry();
  const fitting = entry(linux("amd64"));
  assert.equal(selectPlatform(index(bare, fitting), linux("amd64")), fitting);
  assert.equal(selectPlatform(index(bare, entry(linux("s390x"))), linux("amd64")), bare);
});
