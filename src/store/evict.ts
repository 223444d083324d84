import type { Digest } from "../oci/digest.ts";
import type { Contents, ImageEntry, Part, RecordEntry } from "./contents.ts";
import { Tally } from "./tally.ts";

/** What goes before its time: cache records, caches of RUN, images, and blobs that can be packed again. */
export interface Evictions {
  readonly records: readonly Digest[];
  readonly images: readonly Digest[];
  readonly blobs: readonly Digest[];
  /** Caches of RUN. */
  readonly mounts?: readonly number[];
}

export interface EvictOptions {
  /** Bytes that may stay: of all that the store holds, or of what only the cache needs. */
  readonly keep: { readonly of: "store" | "cache"; readonly bytes: number };
  /** Whether images without a name may go too. */
  readonly danglingImages?: boolean;
  /** Only what was not used since then, in milliseconds since the epoch. */
  readonly usedBefore?: number | undefined;
  /** Whether everything goes that may, cache records as well that share all they need with images, which frees nothing. */
  readonly shared?: boolean;
  /** What of the cache may go; everything where not given. */
  readonly only?: (candidate: EvictionCandidate) => boolean;
}

/**
 * Chooses what goes, the least recently used first and no more than necessary. Nothing that a process, a mount or a
 * container uses is chosen, and nothing that has a name. A step of a build is never chosen before the steps that are
 * built upon it, and not at all where that would free nothing.
 */
export function chooseEvictions(contents: Contents, options: EvictOptions): Evictions {
  const { images, inUse } = contents;
  const used = new Tally(contents).add(inUse.parts);
  for (const image of images) if (inUse.images.has(image.id)) used.add(image.parts);
  const tally = new Tally(contents).add(inUse.parts);
  for (const image of images) tally.add(image.parts);
  const fixed = options.keep.of === "cache" ? fixedBytes(contents) : 0;
  const all = [...recordCandidates(contents, (snapshot) => used.has(snapshot)), ...blobCandidates(contents), ...mountCandidates(contents)];
  for (const { parts } of all) if (parts !== undefined) tally.add(parts);
  const candidates = options.only === undefined ? all : all.filter(options.only);
  if (options.danglingImages) candidates.push(...imageCandidates(images, inUse.images));

  const dropped: EvictionCandidate[] = [];
  for (const candidate of candidates.sort(byUse)) {
    if (tally.bytes - fixed <= options.keep.bytes && !options.shared) break;
    if (options.usedBefore !== undefined && candidate.usedAt >= options.usedBefore) continue;
    if (candidate.blob !== undefined) tally.forget(candidate.blob);
    else tally.drop(candidate.parts!);
    dropped.push(candidate);
  }
  // What a record needs may be needed by an image too, which goes later or not at all.
  const chosen = dropped.filter(({ parts }) => options.shared || parts === undefined || parts.some((part) => !tally.has(part)));
  return {
    records: chosen.flatMap(({ records }) => records ?? []),
    images: chosen.flatMap(({ image }) => image ?? []),
    blobs: chosen.flatMap(({ blob }) => blob ?? []),
    mounts: chosen.flatMap(({ mount }) => mount ?? []),
  };
}

/** Bytes that are there for the cache alone: steps that are in no image, and blobs that can be packed again. */
export function cacheBytes(contents: Contents): number {
  const tally = new Tally(contents).add(contents.inUse.parts);
  for (const { parts } of contents.images) tally.add(parts);
  for (const { snapshot } of contents.records) if (snapshot !== null) tally.add([snapshot]);
  tally.add(contents.mounts.keys());
  return tally.bytes - fixedBytes(contents);
}

/** Bytes that images and processes need, whatever becomes of the cache. */
function fixedBytes(contents: Contents): number {
  const tally = new Tally(contents).add(contents.inUse.parts);
  for (const { parts } of contents.images) tally.add(parts);
  for (const { blob } of blobCandidates(contents)) tally.forget(blob!);
  return tally.bytes;
}

/** Chooses the least recently used cache records until the others are no more than so many, with so many bytes. */
export function chooseRecords(contents: Contents, limit: { readonly records: number; readonly bytes: number }): Digest[] {
  const bytesOf = new Map(contents.records.map(({ key, bytes }) => [key, bytes]));
  let left = contents.records.length;
  let bytes = contents.records.reduce((sum, record) => sum + record.bytes, 0);
  const chosen: Digest[] = [];
  for (const { records } of recordCandidates(contents, () => false).sort(byUse)) {
    if (left <= limit.records && bytes <= limit.bytes) break;
    chosen.push(...records!);
    left -= records!.length;
    for (const key of records!) bytes -= bytesOf.get(key)!;
  }
  return chosen;
}

/** One thing that may go; with a blob, or with parts that are let go of. */
export interface EvictionCandidate {
  readonly usedAt: number;
  /** How many snapshots lie below it: of what is equally old the upper ones go first. */
  readonly depth: number;
  readonly createdAt: number;
  readonly records?: readonly Digest[];
  readonly image?: Digest;
  readonly blob?: Digest;
  /** A cache of RUN by its number. */
  readonly mount?: number;
  readonly parts?: readonly Part[];
}

function byUse(a: EvictionCandidate, b: EvictionCandidate): number {
  return a.usedAt - b.usedAt || b.depth - a.depth || b.createdAt - a.createdAt;
}

/** The records of one snapshot go together. It was used when it, or anything that is built upon it, was used last. */
function recordCandidates({ records, snapshots }: Contents, isUsed: (snapshot: number) => boolean): EvictionCandidate[] {
  const usedAt = new Map<number, number>();
  const note = (snapshot: number, time: number): void => void usedAt.set(snapshot, Math.max(time, usedAt.get(snapshot) ?? 0));
  for (const { snapshot, usedAt: time } of records) if (snapshot !== null) note(snapshot, time);
  const depth = new Map<number, number>();
  // A snapshot's number is higher than its parent's.
  const numbers = [...snapshots.keys()].sort((a, b) => a - b);
  for (const number of numbers) depth.set(number, 1 + (depth.get(snapshots.get(number)!.parent ?? -1) ?? 0));
  for (const number of numbers.reverse()) {
    const { parent } = snapshots.get(number)!;
    if (parent !== null && usedAt.has(number)) note(parent, usedAt.get(number)!);
  }
  const groups = Map.groupBy(records, ({ key, snapshot }): Digest | number => snapshot ?? key);
  return [...groups.values()].flatMap((group: readonly RecordEntry[]): EvictionCandidate[] => {
    const { snapshot } = group[0]!;
    if (snapshot !== null && isUsed(snapshot)) return [];
    return [{
      records: group.map(({ key }) => key),
      parts: snapshot === null ? [] : [snapshot],
      usedAt: snapshot === null ? Math.max(...group.map((record) => record.usedAt)) : usedAt.get(snapshot)!,
      depth: snapshot === null ? 0 : (depth.get(snapshot) ?? 0),
      createdAt: Math.max(...group.map((record) => record.createdAt)),
    }];
  });
}

function imageCandidates(images: readonly ImageEntry[], inUse: ReadonlySet<Digest>): EvictionCandidate[] {
  return images.filter(({ id, named }) => !named && !inUse.has(id))
    .map(({ id, parts, usedAt, created }) => ({ image: id, parts, usedAt, depth: Infinity, createdAt: created }));
}

function mountCandidates({ mounts, inUse }: Contents): EvictionCandidate[] {
  return [...mounts].filter(([part]) => !inUse.parts.has(part))
    .map(([part, { number, usedAt, createdAt }]) => ({ mount: number, parts: [part], usedAt, depth: Infinity, createdAt }));
}

function blobCandidates({ spareBlobs, blobs, inUse }: Contents): EvictionCandidate[] {
  return [...new Set(spareBlobs)].filter((digest) => !inUse.parts.has(digest))
    .map((blob) => ({ blob, usedAt: blobs.get(blob)!.usedAt, depth: Infinity, createdAt: 0 }));
}
