import { randomUUID } from "node:crypto";
import type { UploadStorage } from "../blob-storage.ts";
import { S3Upload, type S3UploadParts } from "./s3-upload.ts";

const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Expired uploads that are ended at once. */
const AT_ONCE = 100;

export interface S3UploadsOptions extends S3UploadParts {
  readonly partSize: number;
  /** Milliseconds that nobody touched an upload, after which it is removed. */
  readonly expiry: number;
  readonly limit: number;
  readonly report: (problem: Error) => void;
}

/** Uploads that all servers with the same records share. */
export function createS3Uploads(options: S3UploadsOptions): UploadStorage & AsyncDisposable {
  const { records } = options;
  const expire = async (): Promise<void> => {
    for (;;) {
      const ids = await records.expiredUploads({ age: options.expiry, limit: AT_ONCE });
      for (const id of ids) {
        options.hashes.forget(id);
        await records.endUpload(id);
      }
      if (ids.length > 0) options.reap();
      if (ids.length < AT_ONCE) return;
    }
  };
  let expiring: Promise<void> | undefined;
  const sweep = setInterval(() => {
    expiring ??= expire().catch(options.report).finally(() => (expiring = undefined));
  }, Math.max(100, Math.min(options.expiry / 4, 60_000)));
  sweep.unref();

  return {
    count: () => records.uploadCount(),
    countOf: (owner) => records.uploadCount(owner),
    async create(repository, algorithm, owner) {
      const upload = { id: randomUUID(), repository, algorithm, owner, partSize: options.partSize };
      if (!(await records.createUpload(upload, { limit: options.limit }))) return undefined;
      return new S3Upload({ ...upload, multipart: undefined, ended: false, pieces: [] }, options);
    },
    async find(repository, id) {
      const record = ID.test(id) ? await records.findUpload(id) : undefined;
      return record?.repository === repository ? new S3Upload(record, options) : undefined;
    },
    async [Symbol.asyncDispose]() {
      clearInterval(sweep);
      await expiring;
    },
  };
}
