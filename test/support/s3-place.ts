import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import * as v from "valibot";
import { storageSection } from "../../src/server/config/storage-section.ts";
import type { BlobStorage } from "../../src/server/storage/blob-storage.ts";
import type { Metadata } from "../../src/server/storage/metadata.ts";
import { openS3Blobs } from "../../src/server/storage/s3/open-s3-blobs.ts";
import { openSqliteMetadata } from "../../src/server/storage/sqlite/open-sqlite-metadata.ts";
import { AsyncCleanupStack } from "../../src/std/cleanup-stack.ts";
import { S3_LOGIN } from "./s3-server.ts";

export interface S3Place {
  /** As one more process. `problems` gets what it reports; without, a report fails the test. */
  open(options?: { readonly environment?: Readonly<Record<string, string>>; readonly problems?: Error[] }): Promise<{ blobs: BlobStorage & AsyncDisposable; metadata: Metadata }>;
}

let count = 0;

/** Blobs in a prefix of their own of the bucket `caches`, and the records of them; closed with the test. @param more keys of `storage.s3` */
export function s3Place(context: TestContext, host: string, more: Readonly<Record<string, unknown>> = {}): S3Place {
  count += 1;
  const folder = mkdtempSync(join(tmpdir(), "sampan-contract-"));
  const config = v.parse(storageSection, { s3: { bucket: "caches", endpoint: `http://${host}`, region: "eu-central-1", prefix: `c${process.pid}-${count}/`, ...more } }).s3!;
  const opened = new AsyncCleanupStack();
  opened.defer(() => rmSync(folder, { recursive: true, force: true }));
  context.after(() => opened[Symbol.asyncDispose]());
  return {
    async open({ environment = S3_LOGIN, problems } = {}) {
      const report = (problem: Error): void => {
        if (!problems) throw problem;
        problems.push(problem);
      };
      const metadata = opened.use(await openSqliteMetadata(join(folder, "registry.db"), { lease: 60_000, report }));
      const retry = { attempts: 4, base: 1, longest: 10, longestRetryAfter: 1000 };
      const blobs = opened.use(await openS3Blobs(config, { configFile: join(folder, "registry.yaml"), environment, records: metadata, uploadExpiry: 60_000, uploads: 100, retry, report }));
      return { blobs, metadata };
    },
  };
}
