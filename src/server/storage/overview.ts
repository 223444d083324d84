import type { Digest } from "../../oci/digest.ts";
import type { Listed, ListRange, RegistryEvent } from "./records.ts";

/** What people look at: what the protocol never asks. Times in milliseconds since the epoch. */
export interface Overview {
  /** Tags of a repository by name, with what is known of them; undefined for an unknown repository. */
  tagDetails(repository: string, range: ListRange): Promise<Listed<TagDetails> | undefined>;
  /** What a repository holds; undefined for an unknown one. */
  repositoryUse(repository: string): Promise<RepositoryUse | undefined>;
  /** Bytes of all blobs, each counted once. */
  storedSize(): Promise<number>;
  /** Changes with ids below `before`, the newest first. */
  latestEvents(options: { readonly before?: number | undefined; readonly limit: number }): Promise<readonly RegistryEvent[]>;
}

export interface TagDetails {
  readonly tag: string;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly pushedAt: number;
  readonly pushedBy: string | undefined;
  readonly pulledAt: number | undefined;
  /** Of the image, by whatever name. */
  readonly pulls: number;
  /** Manifests whose subject is the image. */
  readonly referrers: number;
}

export interface RepositoryUse {
  readonly tags: number;
  /** Its blobs, each counted once. */
  readonly size: number;
  readonly pushedAt: number | undefined;
}
