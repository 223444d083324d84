import type { Digest } from "../../oci/digest.ts";
import type { DigestAlgorithm } from "./blob-storage.ts";
import type { Listed, ListRange } from "./records.ts";

/**
 * What a storage of objects (S3) remembers between requests, for all servers that share it: uploads on their way, where the bytes
 * of a blob lie, and which objects are to be removed. An object never changes, and no name is used twice: so one that is
 * removed late is never somebody else's. The folder needs none of this.
 */
export interface ObjectRecords {
  /** Who these records are, for all time and in every copy: nobody else's objects are to be taken for leftovers. */
  registryId(): Promise<string>;
  /** Begins an upload; false when there are `limit` already. */
  createUpload(upload: NewUpload, options: { readonly limit: number }): Promise<boolean>;
  /** How many there are, or how many of the owner. */
  uploadCount(owner?: string): Promise<number>;
  findUpload(id: string): Promise<UploadRecord | undefined>;
  /**
   * Makes `worker` the only one that may change the upload for `lease` milliseconds, by the database's clock; again by the same worker
   * prolongs it. Afterwards anybody may claim it, because the worker may have been killed.
   */
  claimUpload(id: string, claim: { readonly worker: string; readonly lease: number }): Promise<UploadRecord | "busy" | "gone">;
  /** Ends a claim; the upload is touched. `ended`: the last chunk has come. */
  releaseUpload(id: string, worker: string, ended: boolean): Promise<void>;
  /** False, without a change, when the upload is gone or another worker has claimed it meanwhile. */
  changeUpload(id: string, worker: string, change: UploadChange): Promise<boolean>;
  /**
   * Ends an upload. With `placed` by the worker that has claimed it: one of its objects is from now on where the bytes of that digest
   * lie; what lay there before, and all else that the upload had, is condemned. Without, by anybody: everything is.
   * @returns false, without a change, when the upload is gone or is another worker's
   */
  endUpload(id: string, placed?: { readonly worker: string; readonly digest: Digest; readonly object: string }): Promise<boolean>;
  /** Uploads that nobody works on and nobody has touched for `age` milliseconds. */
  expiredUploads(options: { readonly age: number; readonly limit: number }): Promise<readonly string[]>;

  /** Where the bytes of a digest lie. {@link Metadata.forgetBlob} ends that, in its transaction, and condemns the object. */
  objectOf(digest: Digest): Promise<PlacedObject | undefined>;
  /** All of them, by digest. */
  objects(range: ListRange): Promise<Listed<PlacedObject>>;
  /** Of objects that were found, those that nothing here knows: no digest, no list of the condemned, and no upload that goes on. */
  strayObjects(found: readonly { readonly name: string; readonly upload: string }[]): Promise<readonly string[]>;
  /** Objects to be removed, the oldest first. */
  condemnedObjects(limit: number): Promise<readonly CondemnedObject[]>;
  /** These are removed. */
  forgetCondemned(names: readonly string[]): Promise<void>;
}

export interface NewUpload {
  /** Unguessable. */
  readonly id: string;
  readonly repository: string;
  readonly algorithm: DigestAlgorithm;
  /** Who has begun it, where somebody counts that. */
  readonly owner: string | undefined;
  /** Bytes of each part but the last one. */
  readonly partSize: number;
}

export interface UploadRecord extends NewUpload {
  /** The object that is written in parts, once there is a first part, and what the service calls its upload. */
  readonly multipart: { readonly object: string; readonly id: string } | undefined;
  /** Whether the last chunk has come. */
  readonly ended: boolean;
  /** What was received, without gaps from byte 0 on. */
  readonly pieces: readonly UploadPiece[];
}

/** Bytes from `start` on: a part of the object that is written in parts (`name` is its ETag), or an object of their own. */
export interface UploadPiece {
  readonly start: number;
  readonly size: number;
  readonly kind: "part" | "object";
  readonly name: string;
}

export interface UploadChange {
  readonly multipart?: { readonly object: string; readonly id: string };
  /** Takes the place of all pieces that start there or later; their objects are condemned. */
  readonly piece?: UploadPiece;
}

export interface PlacedObject {
  readonly digest: Digest;
  readonly name: string;
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly placedAt: number;
}

export interface CondemnedObject {
  readonly name: string;
  /** What the service calls its upload, where it may not be finished. */
  readonly multipart: string | undefined;
}
