import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "../../oci/digest.ts";
import { ociLayerType } from "../../oci/media-type.ts";
import { isFault } from "../../std/fault.ts";
import { parseMounts, serializeMounts, type KeptMount } from "./mount-document.ts";

const mount: KeptMount = { name: "/root/.cache", seed: "755 0:0", diffId: sha256("tar"), blob: { mediaType: ociLayerType("zstd"), digest: sha256("blob"), size: 7 }, mode: 0o755, uid: 0, gid: 1000 };

test("what was written is read back", () => {
  assert.deepEqual(parseMounts(serializeMounts([mount, { ...mount, seed: "" }]), "x"), [mount, { ...mount, seed: "" }]);
});

test("what anybody may have written is refused where it is not of the form", () => {
  const good = JSON.parse(Buffer.from(serializeMounts([mount])).toString()) as { mounts: Record<string, unknown>[] };
  const cases: unknown[] = [
    [], { version: 2, mounts: [] }, { version: 1, mounts: {} }, { version: 1, mounts: [null] }, { version: 1, mounts: Array.from({ length: 1001 }, () => good.mounts[0]) },
    ...[{ name: 7 }, { seed: "x".repeat(5000) }, { digest: "sha256:../.." }, { diffId: "" }, { size: -1 }, { mode: 1.5 }, { mediaType: "text/plain" }].map((wrong) => ({ version: 1, mounts: [{ ...good.mounts[0], ...wrong }] })),
  ];
  for (const value of cases) assert.throws(() => parseMounts(Buffer.from(JSON.stringify(value)), "x"), (error) => isFault(error, "DOCUMENT_INVALID"), JSON.stringify(value).slice(0, 200));
});
