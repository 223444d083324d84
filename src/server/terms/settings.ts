import { MANIFEST_LIMIT } from "../../oci/manifest.ts";

/** What can be set on the server; sizes in bytes, times in milliseconds. */
export interface Settings {
  /** A larger manifest is refused with 413 (distribution-spec asks for at least 4 MiB). */
  readonly manifestLimit: number;
  /** Request line and headers together; more is refused with 431. Long tokens need room. */
  readonly headerLimit: number;
  /** A client that must send its headers and has not within this time is dropped. */
  readonly headersTimeout: number;
  /** A connection on which nothing moves for this long while a request is being read or answered is dropped. */
  readonly idleTimeout: number;
  /** How long an unused connection stays open. */
  readonly keepAliveTimeout: number;
  /** Connections at once; more are closed at once. */
  readonly connections: number;
  /** An upload that nobody continues is removed after this time. */
  readonly uploadExpiry: number;
  /** Uploads that are open at once; one more is refused with 429. */
  readonly uploads: number;
  /** How many of them one user, or one address that does not log in, may have; one more is refused with 429. A quarter by default. */
  readonly uploadsOfOne?: number | undefined;
  /** The least length of a chunk of an upload that is not its last one; 0 for any. */
  readonly chunkMinLength: number;
  /** How long a blob that a client found by HEAD, or pushed, is safe from collection at least while no manifest names it. */
  readonly blobLease: number;
  /** What a manifest may name without the repository having it: nothing, the manifests of an index, or layers too. */
  readonly sparse: "nothing" | "indexes" | "manifests";
}

export const defaultSettings: Settings = {
  manifestLimit: MANIFEST_LIMIT,
  headerLimit: 64 * 1024,
  headersTimeout: 30_000,
  idleTimeout: 60_000,
  keepAliveTimeout: 75_000, // longer than the pools of common clients and proxies keep theirs
  connections: 4096,
  uploadExpiry: 60 * 60_000,
  uploads: 10_000,
  chunkMinLength: 0,
  blobLease: 60 * 60_000,
  sparse: "nothing",
};
