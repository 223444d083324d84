import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import { mediaType } from "../../src/oci/media-type.ts";
import { Cargo, fleet, named, OWN } from "../support/cargo.ts";
import { cuttingProxy } from "../support/cutting-proxy.ts";
import { scratchSampan } from "../support/run-sampan.ts";
import { scratchRegistry } from "../support/scratch-registry.ts";

test("the name comes last, after the signatures; a second copy asks for manifests only; a mount reads no blob", async (context) => {
  const log: string[] = [];
  const registry = await scratchRegistry(context, { onRequest: ({ method, url }) => void log.push(`${method} ${url.replace(/\?.*/, "")}`) });
  const { folder, sampan } = scratchSampan(context);
  const { cargo, index, signature } = fleet();
  cargo.layout(join(folder, "fleet"), [named(index, "v1"), signature]);
  const copy = async (...words: string[]): Promise<readonly string[]> => {
    log.length = 0;
    const ended = await sampan(["copy", "-q", ...words], { cwd: folder });
    assert.equal(ended.status, 0, ended.stderr);
    return [...log];
  };
  const first = await copy("--all", "--referrers", "oci:fleet:v1", `${registry.address}/a:1`);
  assert.deepEqual(first.filter((line) => line.startsWith("PUT /v2/a/manifests/")).slice(-3), [
    `PUT /v2/a/manifests/${index.digest}`, `PUT /v2/a/manifests/${signature.digest}`, "PUT /v2/a/manifests/1",
  ]);
  const lastBlob = first.findLastIndex((line) => line.includes("/blobs/uploads/"));
  assert.ok(lastBlob < first.findIndex((line) => line.startsWith("PUT /v2/a/manifests/")), "no manifest before its blobs");

  const again = await copy("--all", "oci:fleet:v1", `${registry.address}/a:2`);
  assert.deepEqual(again.filter((line) => line.includes("/blobs/")), []);
  assert.equal(again.filter((line) => line.startsWith("PUT")).length, 1);

  const mounted = await copy("--all", `${registry.address}/a:1`, `${registry.address}/b:1`);
  assert.deepEqual(mounted.filter((line) => /\/blobs\/(?!uploads)/.test(line)), [], "neither asked for nor read");
  assert.equal(mounted.filter((line) => line === "POST /v2/b/blobs/uploads/").length, 4);
});

test("connections that break on both sides are made again, and the copy is whole", async (context) => {
  const [from, to] = await Promise.all([scratchRegistry(context), scratchRegistry(context)]);
  const { folder, sampan } = scratchSampan(context);
  const cargo = new Cargo();
  const config = cargo.add(Buffer.from(JSON.stringify({ os: "linux", architecture: OWN.slice(6), rootfs: { type: "layers", diff_ids: [] } })), mediaType.ociConfig);
  const layers = [3_000_000, 2_000_000, 1_000].map((size) => cargo.add(randomBytes(size), mediaType.ociLayer));
  const image = cargo.document({ schemaVersion: 2, mediaType: mediaType.ociManifest, config, layers } as never);
  cargo.layout(join(folder, "image"), [named(image, "v1")]);
  assert.equal((await sampan(["copy", "oci:image:v1", `${from.address}/app:1`], { cwd: folder })).status, 0);
  // Whether one connection carries both layers or each has its own: one of them is cut.
  const source = await cuttingProxy(context, from.address, [2_500_000, 700_000, 1_500_000, 300_000]);
  const target = await cuttingProxy(context, to.address, [2_500_000, 900_000, 1_200_000]);
  const copied = await sampan(["copy", "-q", `${source.address}/app:1`, `${target.address}/app:1`]);
  assert.deepEqual([copied.status, copied.stdout], [0, `${image.digest}\n`], copied.stderr);
  assert.ok(source.cut() > 0 && target.cut() > 0, `${source.cut()} and ${target.cut()} were cut`);
  assert.equal((await sampan(["copy", "-q", `${to.address}/app:1`, "oci:back"], { cwd: folder })).status, 0, "every blob there is what it should be");
});
