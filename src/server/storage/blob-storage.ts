import type { Digest } from "../../oci/digest.ts";

/**
 * Bytes by digest, shared by all repositories, and the uploads that become them. Which of them exist is for
 * {@link Metadata} to say: bytes without a row are left over from a crash, and a row may have lost its bytes.
 */
export interface BlobStorage {
  /** Bytes, or undefined where there are none; `fresh` does not believe what this process remembers. */
  size(digest: Digest, options?: { readonly fresh?: boolean }): Promise<number | undefined>;
  /**
   * Bytes `start` to `end`, both included, in chunks of at most 1 MiB that the next step overwrites. Undefined where
   * there are none, or not that many.
   */
  read(digest: Digest, range: { start: number; end: number }): Promise<AsyncIterable<Uint8Array> | undefined>;
  /**
   * The same for connections, of drivers that can send past this thread: undefined when they cannot now, or not soon enough for so many
   * bytes. What it finds is to be called once, with a connection that nobody else writes to, and says how many bytes were sent: fewer than all when the client left.
   */
  sender?(length: number): Promise<((digest: Digest, range: { start: number; end: number }) => Promise<((socket: OpenSocket) => Promise<number>) | undefined>) | undefined>;
  /** Where another program on this machine finds the bytes below the folder `blobs`, for drivers that keep them in files. */
  fileOf?(digest: Digest): string;
  /** A removal in two steps, of which the first fits in a transaction. */
  removal(digest: Digest): BlobRemoval;
  /** Everything that is stored; `changed` is when it was put there, in milliseconds since the epoch. */
  list(): AsyncIterable<{ readonly digest: Digest; readonly size: number; readonly changed: number }>;
  /** A URL that gives the bytes for a while to whoever has it, where clients are to be sent to one. */
  link?(digest: Digest): Promise<string | undefined>;
  /** What a crash has left in a place that others look after as well: nobody knows it. */
  strays?(): AsyncIterable<Stray>;
  /** @throws when a storage that is somewhere else does not answer */
  checkReachable?(): Promise<void>;
  readonly uploads: UploadStorage;
}

/** A connection of this process without encryption. */
export interface OpenSocket {
  /** File descriptor; negative when it is closed. */
  readonly fd: number;
  /** Milliseconds in which some byte has to move. */
  readonly idle: number;
  /** Says when the connection is closed. */
  readonly signal: AbortSignal;
}

/** Bytes that come over a connection that nobody else reads. */
export interface SocketBody {
  readonly socket: OpenSocket;
  /** What was read already. */
  readonly first: Uint8Array;
  /** Bytes of all, with the first. */
  readonly length: number;
}

/** Bytes that belong to nothing and have no digest. */
export interface Stray {
  readonly name: string;
  readonly size: number;
  remove(): Promise<void>;
}

export interface BlobRemoval {
  /** Takes the bytes away at once, if there are any. A power cut may bring them back. */
  takeAway(): void;
  /** Gives back what those that were taken away use of the disk. */
  free(): Promise<void>;
}

/** Uploads that have begun and not ended. */
export interface UploadStorage {
  /** How many there are. */
  count(): Promise<number>;
  /** How many of them are the owner's. */
  countOf(owner: string): Promise<number>;
  /** Undefined when there are too many already. Who names an owner looks at that one's share first. */
  create(repository: string, algorithm: DigestAlgorithm, owner?: string): Promise<Upload | undefined>;
  /** Undefined for an unknown id and for one that belongs to another repository. */
  find(repository: string, id: string): Promise<Upload | undefined>;
}

export type DigestAlgorithm = "sha256" | "sha512";

export interface Upload {
  /** Unguessable, safe in a path. */
  readonly id: string;
  readonly repository: string;
  /** Bytes received so far. */
  readonly size: number;
  /** Whether a chunk came that is so short that it has to be the last one. */
  ended: boolean;
  /**
   * Runs the one task that may `append`, `verify`, `store` and `cancel`. Waits a moment for a task before it, since a
   * client may come back before the end of its broken connection was noticed.
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
   * What adds bytes from a connection; as {@link append}, whatever came is kept, and false says that the client left before the end.
   * Undefined where the driver cannot, or not soon enough for a body of that length.
   */
  receiver?(length: number): Promise<((body: SocketBody) => Promise<boolean>) | undefined>;
  /**
   * Fills `into` with bytes from `start` on, for readers beside the task. @returns how many; 0 where nothing is written yet, and when
   * the upload has ended
   */
  read(start: number, into: Uint8Array): Promise<number>;
  /** Whether the bytes have that digest. */
  verify(digest: Digest): Promise<boolean>;
  /** Makes the bytes, verified before, those of the digest: durable when it resolves, and the upload is gone. */
  store(digest: Digest): Promise<void>;
  /** Removes the upload, if it is still there. */
  cancel(): Promise<void>;
}
