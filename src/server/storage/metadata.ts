import type { Digest } from "../../oci/digest.ts";
import type { Descriptor } from "../../oci/manifest.ts";
import type { Collection } from "./collection.ts";
import type { Cursors } from "./cursors.ts";
import type { Incidents } from "./incidents.ts";
import type { Notes } from "./notes.ts";
import type { CountedTogether, Limit, Usage } from "./limits.ts";
import type { Locks } from "./locks.ts";
import type { ObjectRecords } from "./object-records.ts";
import type { Overview } from "./overview.ts";
import type { Secrets } from "./secrets.ts";
import type { Transfer } from "./transfer.ts";
import type { Trash } from "./trash.ts";
import type { Vitals } from "./vitals.ts";
import type { Actor, ImportedRepository, Listed, ListRange, ManifestReferences, RegistryEvent, StoredManifest } from "./records.ts";

/**
 * What belongs to which repository: blobs, manifests, tags, and the log of their changes. A repository exists from its
 * first blob or manifest on. A change is durable when its promise resolves, in one transaction with its events, and
 * seen by every reader from then on, also by those of other processes. Lists are sorted by code unit.
 */
export interface Metadata extends Collection, Trash, Secrets, Overview, Vitals, Incidents, Cursors, Notes, ObjectRecords, Locks, Transfer, AsyncDisposable {
  repositoryExists(repository: string): Promise<boolean>;
  repositories(range: ListRange): Promise<Listed<string>>;

  /** The size of a blob that the repository has. */
  blobSize(repository: string, digest: Digest): Promise<number | undefined>;
  /** The same for a client that will rely on it: the collector leaves the blob alone for the time of a lease. */
  leaseBlob(repository: string, digest: Digest): Promise<number | undefined>;
  /** Whether any repository has the blob, or its bytes are on their way out. */
  blobState(digest: Digest): Promise<BlobState>;
  /** The repositories that have the blob. */
  holders(digest: Digest): Promise<readonly string[]>;
  /** Makes stored bytes a blob of the repository, with a lease; "deleting" when they are on their way out. */
  addBlob(repository: string, blob: { readonly digest: Digest; readonly size: number }, actor: Actor, limits?: readonly Limit[]): Promise<"added" | "deleting">;
  /**
   * Makes a blob one of the repository's too, with a lease; false when nobody has it, or not the repository `from` where that is given.
   */
  mountBlob(repository: string, digest: Digest, options: { readonly from?: string | undefined; readonly actor: Actor; readonly limits?: readonly Limit[] }): Promise<boolean>;
  /**
   * Takes the blob from the repository; `onLoss` is called in the transaction for every tag that leads to a manifest with it. "last"
   * when no other has it: it is then "deleting", and who asked ends it ({@link removeBlob}).
   */
  unlinkBlob(repository: string, digest: Digest, actor: Actor, onLoss?: Refuse): Promise<"unknown" | "unlinked" | "last">;
  /**
   * The end of a blob that is "deleting": its bytes are taken away while nobody can change it, and where they lie is
   * forgotten ({@link ObjectRecords.objectOf}). False, without that, when it is not "deleting".
   */
  forgetBlob(digest: Digest, takeAway: () => void): Promise<boolean>;
  /** Blobs that were "deleting" already at that time. */
  abandonedBlobs(before: number): Promise<readonly Digest[]>;

  /**
   * Stores a manifest with its tags, once everything that it must not name in vain is there.
   * @returns what is missing; nothing was stored then
   */
  putManifest(repository: string, manifest: StoredManifest, options: PutManifestOptions): Promise<readonly Digest[]>;
  hasManifest(repository: string, digest: Digest): Promise<boolean>;
  /** Has the collector leave a manifest alone that a client found and will rely on, for the time of a lease. */
  leaseManifest(repository: string, digest: Digest): Promise<void>;
  /** By tag or digest. */
  manifest(repository: string, reference: string): Promise<StoredManifest | undefined>;
  /**
   * Removes the manifest and every tag that names it; false when there is no such manifest. `onLoss` is called in the transaction for every
   * tag that leads to it, also through an index.
   */
  deleteManifest(repository: string, digest: Digest, actor: Actor, onLoss?: Refuse): Promise<boolean>;
  deleteTag(repository: string, tag: string, actor: Actor, onLoss?: Refuse): Promise<boolean>;
  /** Undefined for an unknown repository. */
  tags(repository: string, range: ListRange): Promise<Listed<string> | undefined>;
  /** The tags that name a manifest. */
  tagsOf(repository: string, digest: Digest): Promise<readonly string[]>;
  /** Indexes of the repository that name the manifest, by digest, at most a hundred of them. */
  indexesOf(repository: string, digest: Digest): Promise<readonly Digest[]>;
  /** Manifests of the repository whose subject is that digest, sorted by digest. */
  referrers(repository: string, subject: Digest, options: ListRange & { readonly artifactType?: string | undefined }): Promise<Listed<Descriptor>>;
  /** Counts a pull. It is written a few seconds later, and lost by a crash before. */
  notePull(repository: string, pulled: { readonly digest: Digest; readonly tag?: string | undefined }): void;

  /**
   * Takes records over as they are, with their times. What is here already stays as it is, but for tags that were pushed later
   * there. Manifests come before the tags that name them, in the same call or an earlier one.
   * @returns tags whose manifest is not there: they were left out
   */
  importRepository(repository: ImportedRepository, actor: Actor): Promise<readonly string[]>;

  /** All blobs of all repositories, by digest. */
  blobs(range: ListRange): Promise<Listed<BlobRow>>;
  /** All manifests of a repository, by digest. */
  manifestDigests(repository: string, range: ListRange): Promise<Listed<Digest>>;
  /** What manifests of the repository name and the repository does not have, in the order of manifests. */
  brokenReferences(repository: string): Promise<readonly BrokenReference[]>;
  /** What repositories use together; `has` tells whether one of them has the blob. A blob of several counts once. */
  usage(of: CountedTogether, digest?: Digest): Promise<Usage>;
  /** Which sums of limits are kept with the records and are not what is there, in words; `mend` sums up anew. */
  wrongSums(options: { readonly mend: boolean }): Promise<readonly string[]>;
  /** What the database finds wrong with itself; nothing when all is well. */
  verify(): Promise<readonly string[]>;
  /** Takes a blob that has lost its bytes from all repositories: it is then "deleting". */
  loseBlob(digest: Digest, actor: Actor): Promise<void>;

  /** Events with ids above `after`, in order; `since` in milliseconds since the epoch. */
  events(options: { readonly after: number; readonly limit: number; readonly since?: number | undefined }): Promise<readonly RegistryEvent[]>;
  /** Removes the events up to this id, which is never used again. */
  forgetEvents(upTo: number): Promise<void>;
}

export interface BlobRow {
  readonly digest: Digest;
  readonly size: number;
  readonly state: "live" | "deleting";
}

export interface BrokenReference {
  readonly manifest: Digest;
  readonly kind: "blob" | "manifest";
  readonly digest: Digest;
}

/** Says no to a change that concerns a tag, by throwing: nothing of the change is done then. */
export type Refuse = (tag: string) => void;

export type BlobState = "unknown" | "live" | "deleting";

export interface PutManifestOptions {
  readonly tags: readonly string[];
  readonly references: ManifestReferences;
  /** What the manifest may name without the repository having it: nothing, the manifests of an index, or blobs too. */
  readonly sparse: "nothing" | "indexes" | "manifests";
  readonly actor: Actor;
  /** Called in the transaction for every tag that names another manifest until now. */
  readonly onMove?: Refuse | undefined;
  readonly limits?: readonly Limit[];
}
