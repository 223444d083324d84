import type { Digest } from "../../oci/digest.ts";
import type { Actor } from "./records.ts";

/**
 * What the collector asks of the records. Each call is one short transaction and takes at most `limit` things, so that pushes
 * wait for none; it is called again until it takes nothing. `before` is a moment in milliseconds since the epoch: what was
 * pushed, or asked for by a client that will rely on it, after that is left alone.
 */
export interface Collection {
  /**
   * Deletes manifests that nobody reaches from a tag: an image of an index is reached by it, what refers to an image
   * (a signature) by the image, and the image by what refers to it.
   */
  collectManifests(repository: string, options: CollectOptions): Promise<readonly Digest[]>;
  /** Takes blobs from the repository that none of its manifests names. */
  collectLinks(repository: string, options: CollectOptions): Promise<readonly Digest[]>;
  /** Forgets a repository that has nothing any more. */
  collectRepository(repository: string, options: { readonly before: number }): Promise<boolean>;
  /** Makes blobs that no repository has "deleting": who asked ends them (`removeBlob`). */
  collectBlobs(options: { readonly limit: number }): Promise<readonly { readonly digest: Digest; readonly size: number }[]>;
  /** Makes bytes that no row knows a blob that is "deleting"; false when there is a row by now. */
  claimLeftover(digest: Digest): Promise<boolean>;
}

export interface CollectOptions {
  readonly before: number;
  readonly limit: number;
  readonly actor: Actor;
}
