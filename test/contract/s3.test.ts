import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import * as v from "valibot";
import { storageSection } from "../../src/server/config/storage-section.ts";
import { openS3Blobs } from "../../src/server/storage/s3/open-s3-blobs.ts";
import { openSqliteMetadata } from "../../src/server/storage/sqlite/open-sqlite-metadata.ts";
import { noS3, S3_LOGIN, startS3Server, type S3Server } from "../support/s3-server.ts";
import { blobStorageContract } from "./blob-storage-contract.ts";

let server: Promise<S3Server> | undefined;
const ends: (() => Promise<void>)[] = [];
after(() => Promise.all(ends.map((end) => end())));
let count = 0;

if (noS3 !== false) void test("S3: what every storage of blobs has to hold", { skip: noS3 }, () => undefined);
else {
  blobStorageContract("S3", async (context) => {
    const { host } = await (server ??= startS3Server({ after: (end) => void ends.push(end) }));
    const folder = mkdtempSync(join(tmpdir(), "sampan-contract-"));
    const report = (problem: Error): void => {
      throw problem;
    };
    count += 1;
    const config = v.parse(storageSection, { s3: { bucket: "caches", endpoint: `http://${host}`, region: "eu-central-1", prefix: `c${count}/` } }).s3!;
    const opened = new AsyncDisposableStack();
    opened.defer(() => rmSync(folder, { recursive: true, force: true }));
    context.after(() => opened.disposeAsync());
    const open = async () => {
      const metadata = opened.use(await openSqliteMetadata(join(folder, "registry.db"), { lease: 60_000, report }));
      const blobs = opened.use(await openS3Blobs(config, { configFile: join(folder, "registry.yaml"), environment: S3_LOGIN, records: metadata, uploadExpiry: 60_000, uploads: 100, report }));
      return { blobs, metadata };
    };
    return { ...(await open()), again: async () => (await open()).blobs };
  });
}
