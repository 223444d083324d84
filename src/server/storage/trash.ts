import type { TagFacts } from "../../retention/tag-facts.ts";
import type { Digest } from "../../oci/digest.ts";
import type { Actor } from "./records.ts";

/** Tags that were deleted and can be restored for a time. Their images stay until then. */
export interface Trash {
  /** All tags of a repository with what decides whether they stay, by name. */
  tagFacts(repository: string): Promise<readonly TagFacts[]>;
  /** Deletes a tag that still names that image, and keeps it for `keepFor` milliseconds in the trash; false when it does not. */
  discardTag(repository: string, tag: { readonly tag: string; readonly digest: Digest }, options: { readonly actor: Actor; readonly reason: string; readonly keepFor: number }): Promise<boolean>;
  /** What is in the trash, the newest first; of one repository, or of all. */
  discarded(repository?: string): Promise<readonly DiscardedTag[]>;
  /** Puts a tag back; the one that was deleted last where there are several of that name. */
  restoreTag(repository: string, tag: string, actor: Actor): Promise<"restored" | "not in the trash" | "the tag is there again">;
  /**
   * Ends what is longer in the trash than it shall be: with it go its image and what belongs to that, but for what something else names that stays.
   * @returns how many tags were forgotten, and how many manifests went
   */
  emptyTrash(options: { readonly limit: number; readonly actor: Actor }): Promise<{ readonly tags: number; readonly manifests: number }>;
}

export interface DiscardedTag {
  readonly repository: string;
  readonly tag: string;
  readonly digest: Digest;
  /** Milliseconds since the epoch. */
  readonly discardedAt: number;
  readonly expiresAt: number;
  readonly by: string | undefined;
  readonly reason: string;
}
