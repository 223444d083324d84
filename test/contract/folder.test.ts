import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { createFolderBlobs } from "../../src/server/storage/folder/blobs.ts";
import { createFolderUploads } from "../../src/server/storage/folder/uploads.ts";
import type { BlobStorage } from "../../src/server/storage/blob-storage.ts";
import { blobStorageContract } from "./blob-storage-contract.ts";

blobStorageContract("folder", async (context: TestContext) => {
  const root = mkdtempSync(join(tmpdir(), "sampan-contract-"));
  const temporary = join(root, "temporary");
  mkdirSync(temporary);
  const open = async (): Promise<BlobStorage> => {
    const files = createFolderBlobs(join(root, "blobs"), join(root, "temporary"));
    const uploads = createFolderUploads({ folder: temporary, expiry: 60_000, limit: 100, adopt: files.adopt });
    context.after(() => uploads[Symbol.asyncDispose]());
    return { ...files, uploads };
  };
  context.after(() => rmSync(root, { recursive: true, force: true }));
  return { blobs: await open(), again: open };
});
