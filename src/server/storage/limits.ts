/**
 * How much some repositories may hold together. It is looked at in the transaction that brings more, so that changes at the same time are not let in
 * together, whichever servers they come to.
 */
export interface Limit {
  /** Tells its patterns: limits of the same name are the same one to all servers. */
  readonly name: string;
  /** Of repository names. */
  readonly patterns: readonly string[];
  readonly covers: (repository: string) => boolean;
  /** Throws what the client is told; `used` is without what is added. */
  readonly demandBytes: ((used: number, added: number) => void) | undefined;
  readonly demandTags: ((used: number, added: number) => void) | undefined;
}

/** Repositories whose use is asked for; `name` is that of a limit, for which a sum may be kept. */
export interface CountedTogether {
  readonly name?: string;
  readonly covers: (repository: string) => boolean;
}

/** What repositories use together. A blob of several counts once. */
export interface Usage {
  readonly bytes: number;
  readonly tags: number;
  /** The size of the largest blob. */
  readonly largest: number;
  /** Whether one of them has the blob that was asked for. */
  readonly has: boolean;
}

/** What a change has brought that a limit counts. */
export type Added = { readonly blob: { readonly digest: string; readonly size: number } } | { readonly tags: number };

/** Those that count it, in the order in which everybody takes them. */
export function concernedBy(limits: readonly Limit[], added: Added): readonly Limit[] {
  return limits.filter(({ demandBytes, demandTags }) => ("tags" in added ? added.tags > 0 && demandTags : demandBytes)).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** @param usage with what was added; `has`: without the repository that it was added to */
export function demandRoom(limit: Limit, added: Added, usage: Usage): void {
  if ("tags" in added) limit.demandTags?.(usage.tags - added.tags, added.tags);
  else if (!usage.has) limit.demandBytes?.(usage.bytes - added.blob.size, added.blob.size);
}
