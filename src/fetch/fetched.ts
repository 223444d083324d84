import type { Digest } from "../oci/digest.ts";

/** What was brought from elsewhere and lies in the store. */
export interface Fetched {
  /** What it is by its content: a digest of that, or of the commit. */
  readonly identity: Digest;
  /** What its name stood for: the id of a commit, or the digest of a file. */
  readonly pin: string;
  /** The snapshot with its files. */
  readonly snapshot: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Nothing had to be transferred. */
  readonly cached: boolean;
  /** For --explain. */
  readonly why: readonly string[];
  /** When the source itself says it was made, in seconds since the epoch: Last-Modified, or the time of the commit. */
  readonly modified: number | undefined;
}

/** Logins that were given to the build, by the names that BuildKit looks for. */
export type FetchSecret = (id: string) => Promise<string | undefined>;

export interface FetchOptions {
  /** Fetch also what is there and cannot have changed. */
  readonly noCache?: boolean;
  /** Ask the server also for what a checksum makes sure of. */
  readonly pull?: boolean;
  readonly onBytes?: (received: number, total: number | undefined) => void;
  readonly signal?: AbortSignal;
}
