import type { Digest } from "../oci/digest.ts";
import type { Descriptor } from "../oci/manifest.ts";
import type { StoredManifest } from "./storage/records.ts";

/** Repositories that are filled from another registry while clients ask for them. Errors are RegistryErrors for the client. */
export interface PullThrough {
  /** Who `repository` is here for a client that asks for it by the name it has at the registry `namespace` (containerd's `ns`). */
  nameHere(repository: string, namespace: string | null): string;
  /** Whether the repository is filled so; nobody pushes to it. */
  covers(repository: string): boolean;
  /** As new as the rule asks for. @throws RegistryError MANIFEST_UNKNOWN, TOOMANYREQUESTS, UPSTREAM_FAILED */
  manifest(repository: string, reference: string): Promise<StoredManifest>;
  /** The size of a blob that is not here. @throws RegistryError BLOB_UNKNOWN, … */
  blobSize(repository: string, digest: Digest): Promise<number>;
  /** Begins to fetch a blob that is not here, or joins who did. @throws RegistryError BLOB_UNKNOWN, … */
  fetchBlob(repository: string, digest: Digest): Promise<ArrivingBlob>;
  /** All tags there, sorted. @throws RegistryError NAME_UNKNOWN, … */
  tags(repository: string): Promise<readonly string[]>;
  /** How the registries behind these are; those that are asked with another login are listed for themselves. */
  upstreams(): readonly UpstreamStatus[];
  /** What refers to a manifest there, sorted by digest; what is known here where nobody answers. */
  referrers(repository: string, digest: Digest): Promise<readonly Descriptor[]>;
}

/** How it is going with a registry that others are filled from. */
export interface UpstreamStatus {
  readonly host: string;
  /** Whether it is not asked now. */
  readonly paused: boolean;
  /** Requests that failed, since the server has started. */
  readonly failures: number;
  readonly pauses: number;
  /** While it is not asked: why, and when it will be again (RFC 3339). */
  readonly reason?: string;
  readonly until?: string;
}

/** A blob on its way into the storage. */
export interface ArrivingBlob {
  readonly size: number;
  /** It is here, whole and verified. Rejects when it is not to be had. */
  readonly stored: Promise<void>;
  /** Its bytes as they come. The last of them come when all were verified, and never otherwise. */
  read(): AsyncIterable<Uint8Array>;
}
