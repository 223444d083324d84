import type { Digest } from "../../oci/digest.ts";
import type { BlobStorage } from "../storage/blob-storage.ts";
import type { Metadata } from "../storage/metadata.ts";
import type { Actor } from "../storage/records.ts";
import { removeBlob } from "../storage/remove-blob.ts";

export interface Garbage {
  manifests: number;
  blobs: number;
  /** What these blobs took of the disk. */
  bytes: number;
  repositories: number;
}

export interface CollectedStorage {
  readonly blobs: Pick<BlobStorage, "removal" | "list" | "strays">;
  readonly metadata: Metadata;
  /** Blobs whose bytes are being stored; undefined where another process may store some. */
  readonly arriving?: ReadonlySet<Digest> | undefined;
}

export interface CollectGarbageOptions {
  /** What was pushed or asked for within this time is left alone, in milliseconds. */
  readonly grace: number;
  /** Whether manifests go that nobody reaches from a tag. */
  readonly untagged: boolean;
  /** Whether the whole place is searched, where others look after it too, for what nobody knows there. */
  readonly strays?: boolean;
  readonly signal?: AbortSignal;
  /** Removes bytes without a record only while nobody else places some: an import does. For who is not alone anyway. */
  readonly alone?: Alone;
}

/** Does the work unless another process looks after the same folder; undefined when one does. */
export type Alone = <Result>(work: () => Promise<Result>) => Promise<Result | undefined>;

/** What the log of changes calls the collector. */
export const COLLECTOR: Actor = { user: "sampan:gc", address: undefined, agent: undefined };

const AT_ONCE = 100;
/** A whole index may go with each. */
const TRASH_AT_ONCE = 10;
/** Bytes without a row may be those of a push to another process; older ones are left over from a crash. In milliseconds. */
const SETTLED = 10 * 60_000;
const NAMES_AT_ONCE = 1000;

/**
 * Removes what nobody can reach, while clients push and pull: each step is a short transaction, and removes only what no
 * manifest names, and what nobody has pushed, mounted or asked for within the grace time. Bytes go last: a blob is claimed first, so that a push
 * of the same bytes ends its removal, and stores them again.
 */
export async function collectGarbage(storage: CollectedStorage, options: CollectGarbageOptions): Promise<Garbage> {
  const { metadata } = storage;
  const { signal } = options;
  const garbage: Garbage = { manifests: 0, blobs: 0, bytes: 0, repositories: 0 };
  const before = Date.now() - options.grace;
  const taking = { before, limit: AT_ONCE, actor: COLLECTOR };

  for (;;) {
    signal?.throwIfAborted();
    const { tags, manifests } = await metadata.emptyTrash({ limit: TRASH_AT_ONCE, actor: COLLECTOR });
    garbage.manifests += manifests;
    if (tags < TRASH_AT_ONCE) break;
  }

  for await (const repository of repositoryNames(metadata)) {
    signal?.throwIfAborted();
    if (options.untagged) garbage.manifests += await repeat(() => metadata.collectManifests(repository, taking), signal);
    await repeat(() => metadata.collectLinks(repository, taking), signal);
    if (await metadata.collectRepository(repository, { before })) garbage.repositories += 1;
  }

  // What a collector that was killed has left.
  for (const digest of await metadata.abandonedBlobs(Date.now())) await removeBlob(storage, digest);
  for (;;) {
    signal?.throwIfAborted();
    const claimed = await metadata.collectBlobs({ limit: AT_ONCE });
    for (const { digest, size } of claimed) {
      if (!(await removeBlob(storage, digest))) continue;
      garbage.blobs += 1;
      garbage.bytes += size;
    }
    if (claimed.length < AT_ONCE) break;
  }

  const settled = Date.now() - (storage.arriving ? options.grace : Math.max(options.grace, SETTLED));
  const sweep = () => removeLeftovers(storage, { settled, ...(signal ? { signal } : {}) });
  const leftovers = await (options.alone ? options.alone(sweep) : sweep());
  if (options.strays) garbage.bytes += await removeStrays(storage, signal);
  return { ...garbage, blobs: garbage.blobs + (leftovers?.blobs ?? 0), bytes: garbage.bytes + (leftovers?.bytes ?? 0) };
}

/** Removes bytes without a record, which a crash has left: those that lie there since `settled`, in milliseconds since the epoch. */
export async function removeLeftovers(storage: CollectedStorage, options: { readonly settled: number; readonly signal?: AbortSignal }): Promise<Pick<Garbage, "blobs" | "bytes">> {
  const { metadata, blobs } = storage;
  const removed = { blobs: 0, bytes: 0 };
  for await (const { digest, size, changed } of blobs.list()) {
    options.signal?.throwIfAborted();
    if (changed >= options.settled || storage.arriving?.has(digest) || (await metadata.blobState(digest)) !== "unknown") continue;
    if (!(await metadata.claimLeftover(digest)) || !(await removeBlob(storage, digest))) continue;
    removed.blobs += 1;
    removed.bytes += size;
  }
  return removed;
}

/** @returns bytes */
async function removeStrays({ blobs }: CollectedStorage, signal: AbortSignal | undefined): Promise<number> {
  let bytes = 0;
  for await (const stray of blobs.strays?.() ?? []) {
    signal?.throwIfAborted();
    await stray.remove();
    bytes += stray.size;
  }
  return bytes;
}

/** Until nothing more is taken. @returns how many were */
async function repeat(take: () => Promise<readonly unknown[]>, signal: AbortSignal | undefined): Promise<number> {
  for (let total = 0; ; ) {
    signal?.throwIfAborted();
    const { length } = await take();
    total += length;
    if (length < AT_ONCE) return total;
  }
}

async function* repositoryNames(metadata: Metadata): AsyncIterable<string> {
  for (let after: string | undefined; ; ) {
    const { items, more } = await metadata.repositories({ after, limit: NAMES_AT_ONCE });
    yield* items;
    after = items.at(-1);
    if (!more) return;
  }
}
