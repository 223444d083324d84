import type { Digest } from "../../oci/digest.ts";
import type { Descriptor } from "../../oci/manifest.ts";

/**
 * What the routes need from storage. Three ports, so that blobs can move to object storage and records to a
 * database one by one: bytes by digest, unfinished uploads, and the records of each repository.
 * Everything is durable when its promise resolves: a crash right after loses nothing, a crash before leaves nothing.
 */
export interface RegistryStorage extends AsyncDisposable {
  readonly blobs: BlobStorage;
  readonly uploads: UploadStorage;
  readonly repositories: RepositoryStorage;
}

/** Bytes by digest, shared by all repositories. */
export interface BlobStorage {
  /** Bytes, or undefined where there is no such blob. */
  size(digest: Digest): Promise<number | undefined>;
  /** Streams bytes `start` to `end`, both included, in chunks of at most 1 MiB that the next step overwrites. */
  read(digest: Digest, range: { start: number; end: number }): AsyncIterable<Uint8Array>;
  delete(digest: Digest): Promise<void>;
}

/** Uploads that have begun and not ended. They do not outlive the process. */
export interface UploadStorage {
  /** Undefined when there are too many already. */
  create(repository: string, algorithm: DigestAlgorithm): Promise<Upload | undefined>;
  /** Undefined for an unknown id and for one that belongs to another repository. */
  find(repository: string, id: string): Upload | undefined;
}

export type DigestAlgorithm = "sha256" | "sha512";

export interface Upload {
  /** Unguessable, safe in a path. */
  readonly id: string;
  readonly repository: string;
  /** Bytes received so far. */
  readonly size: number;
  /**
   * Runs the one task that may `append`, `finish` and `cancel`. Waits a moment for a task before it, since a client
   * may come back before the end of its broken connection was noticed.
   * @returns "busy" when that one did not end in time, "gone" when the upload was finished or cancelled meanwhile
   */
  exclusively(task: () => Promise<void>): Promise<"done" | "busy" | "gone">;
  /**
   * Adds bytes, at most `limit` of them. When the source breaks off, what came until then is kept, so that a
   * client can resume; when the disk refuses, the upload is removed.
   * @returns false when the source had more than `limit` bytes: the rest was not read
   */
  append(source: AsyncIterable<Uint8Array>, limit?: number): Promise<boolean>;
  /**
   * Ends the upload: verified, durable, and known in its repository.
   * @returns false, with the upload removed, when the bytes have another digest
   */
  finish(digest: Digest): Promise<boolean>;
  cancel(): Promise<void>;
}

/** A manifest as its repository knows it; the fields after `size` only matter for listing referrers. */
export interface ManifestRecord {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
  readonly subject?: Digest;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface StoredManifest extends ManifestRecord {
  readonly bytes: Uint8Array;
}

/** What belongs to which repository: blobs, manifests, tags. A repository exists from its first blob or manifest on. */
export interface RepositoryStorage {
  exists(repository: string): Promise<boolean>;
  /** All names, sorted by code unit. */
  names(): Promise<readonly string[]>;

  hasBlob(repository: string, digest: Digest): Promise<boolean>;
  /** Makes a stored blob one of the repository's too; false when no such blob is stored. */
  linkBlob(repository: string, digest: Digest): Promise<boolean>;
  /** False when the repository has no such blob. The bytes go when no repository holds them. */
  unlinkBlob(repository: string, digest: Digest): Promise<boolean>;

  putManifest(repository: string, manifest: StoredManifest, tags: readonly string[]): Promise<void>;
  hasManifest(repository: string, digest: Digest): Promise<boolean>;
  manifest(repository: string, reference: string): Promise<StoredManifest | undefined>;
  /** Removes the manifest and every tag that names it; false when there is no such manifest. */
  deleteManifest(repository: string, digest: Digest): Promise<boolean>;
  deleteTag(repository: string, tag: string): Promise<boolean>;
  /** All tags sorted by code unit, or undefined for an unknown repository. */
  tags(repository: string): Promise<readonly string[] | undefined>;
  /** Manifests of the repository whose subject is that digest, sorted by digest. */
  referrers(repository: string, subject: Digest): Promise<readonly Descriptor[]>;
}
