import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mock, type TestContext } from "node:test";
import { digestBytes, type Digest } from "../../src/oci/digest.ts";
import { collectGarbage } from "../../src/server/keep/collect-garbage.ts";
import { openFolderStorage } from "../../src/server/storage/open-folder-storage.ts";
import { createFolderBlobs } from "../../src/server/storage/folder/blobs.ts";
import { createFolderUploads } from "../../src/server/storage/folder/uploads.ts";
import type { Metadata } from "../../src/server/storage/metadata.ts";
import { joinStorage, type RegistryStorage } from "../../src/server/storage/storage.ts";
import { defaultSettings } from "../../src/server/terms/settings.ts";

export const GRACE = 60_000;
/** More than a lease and its slack. */
export const LONG = 2 * GRACE;
export const actor = { user: "test", address: undefined, agent: undefined };
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";

export interface Setting {
  readonly storage: RegistryStorage;
  readonly root: string;
  collect(untagged?: boolean): ReturnType<typeof collectGarbage>;
  later(milliseconds: number): void;
}

/** A storage in memory where there is a file system there: thousands of interleavings wait for no disk. The clock stands still between steps. `records`: other ones than those of the folder. */
export async function scratchStorage(context: TestContext, { records }: { records?: () => Promise<Metadata> } = {}): Promise<Setting> {
  const root = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "sampan-keep-"));
  mock.timers.enable({ apis: ["Date"], now: Date.now() });
  const storage = records ? await beside(root, await records()) : await openFolderStorage(root, { ...defaultSettings, blobLease: GRACE, report: (problem) => assert.fail(problem) });
  context.after(async () => {
    await storage[Symbol.asyncDispose]();
    mock.timers.reset();
    rmSync(root, { recursive: true });
  });
  return {
    storage, root,
    collect: (untagged = false) => collectGarbage(storage, { grace: GRACE, untagged }),
    later: (milliseconds) => mock.timers.tick(milliseconds),
  };
}

async function beside(root: string, metadata: Metadata): Promise<RegistryStorage & AsyncDisposable> {
  const temporary = join(root, "temporary");
  mkdirSync(temporary);
  const files = createFolderBlobs(join(root, "blobs"), temporary);
  const uploads = createFolderUploads({ folder: temporary, expiry: 60_000, limit: 100, adopt: files.adopt });
  const close = async (): Promise<void> => {
    await uploads[Symbol.asyncDispose]();
    await metadata[Symbol.asyncDispose]();
  };
  return { ...joinStorage({ ...files, uploads }, metadata), [Symbol.asyncDispose]: close };
}

export async function pushBlob({ storage }: Pick<Setting, "storage">, repository: string, content: string): Promise<Digest> {
  const bytes = Buffer.from(content);
  const digest = digestBytes(bytes, "sha256");
  const upload = (await storage.blobs.uploads.create(repository, "sha256"))!;
  const outcome = await upload.exclusively(async () => {
    await upload.append((async function* () { yield bytes; })());
    assert.equal(await upload.verify(digest), true);
    await storage.keepBlob(upload, digest, actor);
  });
  assert.equal(outcome, "done");
  return digest;
}

interface Pushed {
  readonly digest: Digest;
  readonly missing: readonly Digest[];
}

export async function putManifest({ storage }: Setting, repository: string, named: { blobs?: readonly Digest[]; manifests?: readonly Digest[]; subject?: Digest; note?: string }, tags: readonly string[]): Promise<Pushed> {
  const { blobs = [], manifests = [], subject, note } = named;
  const mediaType = manifests.length > 0 ? INDEX : MANIFEST;
  const bytes = Buffer.from(JSON.stringify({ mediaType, blobs, manifests, subject, note }));
  const digest = digestBytes(bytes, "sha256");
  const missing = await storage.metadata.putManifest(
    repository, { digest, mediaType, size: bytes.length, bytes, ...(subject ? { subject } : {}) },
    { tags, references: { blobs, manifests }, sparse: "nothing", actor },
  );
  return { digest, missing };
}

export async function stored({ storage }: Setting): Promise<Digest[]> {
  const digests: Digest[] = [];
  for await (const { digest } of storage.blobs.list()) digests.push(digest);
  return digests.sort();
}
