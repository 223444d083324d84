import assert from "node:assert/strict";
import { existsSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { configBytes, temporaryFolder } from "../../test/support/temporary-store.ts";
import { digestHex, sha256, type Digest } from "../oci/digest.ts";
import { mediaType } from "../oci/media-type.ts";
import { Database } from "./database.ts";
import { openStore } from "./open-store.ts";
import type { RemovalPlace } from "./removal.ts";
import { findStrayImages } from "./stray-images.ts";

interface Strays {
  readonly root: string;
  /** Puts a file among the blobs of which the database does not know. */
  readonly stray: (content: Uint8Array | string, digest?: Digest) => { readonly digest: Digest; readonly size: number };
  /** Opens the store, collects, and tells what was said and which images are there. */
  readonly collect: () => Promise<{ said: string[]; images: Digest[] }>;
}

async function setUp(context: TestContext): Promise<Strays> {
  const root = temporaryFolder(context);
  await (await openStore(root)).close();
  const stray: Strays["stray"] = (content, digest = sha256(content)) => {
    writeFileSync(join(root, "blobs/sha256", digestHex(digest)), content);
    return { digest, size: Buffer.byteLength(content) };
  };
  const collect: Strays["collect"] = async () => {
    const said: string[] = [];
    await using store = await openStore(root, { onFound: (what) => said.push(what) });
    await store.collect();
    return { said, images: store.images.list().map(({ id }) => id) };
  };
  return { root, stray, collect };
}

function manifest(config: { digest: Digest; size: number }, layers: { digest: Digest; size: number }[]): string {
  return JSON.stringify({
    schemaVersion: 2, mediaType: mediaType.ociManifest, config: { mediaType: mediaType.ociConfig, ...config }, layers: layers.map((layer) => ({ mediaType: mediaType.ociLayer, ...layer })),
  });
}

function index(...manifests: { digest: Digest; size: number }[]): string {
  return JSON.stringify({ schemaVersion: 2, mediaType: mediaType.ociIndex, manifests: manifests.map((each) => ({ mediaType: mediaType.ociManifest, ...each })) });
}

test("a whole image is taken up again before a collection, and what is none goes", async (context) => {
  const { root, stray, collect } = await setUp(context);
  const layer = stray("layer");
  const config = stray(configBytes([layer.digest]));
  stray(manifest(config, [layer]));
  const [lonely, partial] = [stray("{}"), stray(manifest(config, [layer, { digest: sha256("not here"), size: 8 }]))];
  const { said, images } = await collect();
  assert.deepEqual(images, [config.digest]);
  assert.match(said.join(), /^the store's database had lost 1 image \([0-9a-f]{12}\): taken up again, without names/);
  assert.deepEqual([lonely, partial].map(({ digest }) => existsSync(join(root, "blobs/sha256", digestHex(digest)))), [false, false]);
  assert.deepEqual((await collect()).said, [], "it is known now");
});

test("an index is taken up with the images of it that are whole", async (context) => {
  const { stray, collect } = await setUp(context);
  const layer = stray("layer");
  const config = stray(configBytes([layer.digest]));
  const whole = index(stray(manifest(config, [layer])), { digest: sha256("elsewhere"), size: 9 });
  assert.deepEqual((await collect()).images, [config.digest]);
  const { digest } = stray(whole);
  assert.deepEqual((await collect()).images, [digest], "an image that is known is one of it now");
  const other = await setUp(context);
  const [otherLayer, otherConfig] = [other.stray("layer"), other.stray(configBytes([layer.digest]))];
  other.stray(manifest(otherConfig, [otherLayer]));
  other.stray(whole);
  assert.deepEqual((await other.collect()).images, [digest]);
});

test("documents that do not fit together, and files with other bytes than their names say, keep nobody from collecting", async (context) => {
  const { stray, collect } = await setUp(context);
  const layer = stray("layer");
  const [good, twoLayers] = [stray(configBytes([layer.digest])), stray(configBytes([layer.digest, sha256("other")]))];
  const goodManifest = stray(manifest(good, [layer]));
  stray(index(goodManifest, stray(manifest(twoLayers, [layer]))));
  stray(manifest(good, [layer]).replace(`"${mediaType.ociManifest}"`, "[]"));
  const forged = stray("forged", sha256("what it should be"));
  stray(manifest(stray(configBytes([sha256("z")])), [forged]));
  const { said, images } = await collect();
  assert.deepEqual(images, [good.digest]);
  assert.match(said.join(), /had lost 1 image /);
});

test("a document that says to be gigabytes of something else keeps nobody from collecting", async (context) => {
  const { root, stray, collect } = await setUp(context);
  const huge = sha256("huge");
  writeFileSync(join(root, "blobs/sha256", digestHex(huge)), "");
  truncateSync(join(root, "blobs/sha256", digestHex(huge)), 3 * 2 ** 30);
  const database = new Database(join(root, "sampan.db"));
  database.run("INSERT INTO blob (digest, size, state, created_at) VALUES (?, ?, 1, 0)", huge, 3 * 2 ** 30);
  database.close();
  const layer = stray("layer");
  stray(manifest({ digest: huge, size: 3 }, [layer]));
  stray(index({ digest: huge, size: 3 }));
  assert.deepEqual((await collect()).images, []);
});

test("strays that another process removes meanwhile are none", async (context) => {
  const { root, stray } = await setUp(context);
  const config = stray(configBytes([sha256("layer")]));
  await using store = await openStore(root);
  const database = new Database(join(root, "sampan.db"));
  context.after(() => database.close());
  // Only the paths of those that were found lead nowhere any more.
  const blobs = { path: (digest: Digest) => (digest === config.digest ? join(root, "gone") : store.blobs.path(digest)) } as RemovalPlace["blobs"];
  assert.deepEqual((await findStrayImages({ database, blobs } as RemovalPlace)).images, []);
});
