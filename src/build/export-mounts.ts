import { randomUUID } from "node:crypto";
import { createReadStream, lstatSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { CacheExport } from "../cache/cache-options.ts";
import { nameOfCache, openExport } from "../cache/cache-places.ts";
import type { DistantMount, ImportedMounts } from "../cache/mounts/imported-mounts.ts";
import { MOUNTS_TYPE, serializeMounts, type KeptMount } from "../cache/mounts/mount-document.ts";
import { packDocument, writeCache } from "../cache/write-cache.ts";
import { verified } from "../carry/verified.ts";
import type { packLayer } from "../layer/pack-layer.ts";
import type { Digest } from "../oci/digest.ts";
import { ociLayerType } from "../oci/media-type.ts";
import { ownerOf } from "../snapshot/ownership.ts";
import { fault } from "../std/fault.ts";
import { inWorker } from "../std/worker-pool.ts";
import type { Store } from "../store/open-store.ts";
import type { CacheAccess } from "./build-caches.ts";
import type { Packing } from "./packing.ts";

/** A cache mount's folder on this machine. */
export interface MountFolder {
  readonly name: string;
  readonly seed: string;
  readonly path: string;
  /** Whether a step of this build has worked in it. */
  readonly used: boolean;
}

export interface ExportMountsOptions extends CacheAccess {
  readonly store: Store;
  /** Ids of the cache mounts that the build's steps have, whether they ran or not. */
  readonly names: ReadonlySet<string>;
  readonly folders: readonly MountFolder[];
  readonly imported: ImportedMounts | undefined;
}

type Written = Exclude<CacheExport, { type: "inline" }>;

/** For folders of many files zstd is smaller and three times as fast, and nobody but us reads them. */
const PACKING: Packing = { codec: "zstd" };

/** Writes the folders of the build's cache mounts to every place of --cache-mounts-to. @throws CACHE_EXPORT_FAILED */
export async function exportMounts(caches: readonly CacheExport[], options: ExportMountsOptions): Promise<void> {
  for (const cache of caches) {
    if (cache.type === "inline") continue;
    const name = nameOfCache(cache);
    const id = `exporting cache mounts to ${name}`;
    const step = { type: "step", id, name: id, started: Date.now() } as const;
    options.onProgress(step);
    try {
      await exportOne(cache, id, options);
      options.onProgress({ ...step, completed: Date.now() });
    } catch (error) {
      options.signal.throwIfAborted();
      const failure = fault("CACHE_EXPORT_FAILED", { cache: name, mounts: true, reason: error instanceof Error ? error.message : String(error) }, { cause: error });
      if (cache.ignoreError) options.onProgress({ type: "warning", id, message: failure.message });
      options.onProgress({ ...step, completed: Date.now(), ...(cache.ignoreError ? {} : { error: failure.message }) });
      if (!cache.ignoreError) throw failure;
    }
  }
}

async function exportOne(cache: Written, step: string, options: ExportMountsOptions): Promise<void> {
  const { onProgress, signal } = options;
  const files = new Map<Digest, string>();
  try {
    const packed = await packFolders(cache.packing ?? PACKING, files, step, options);
    const kept = [...packed, ...(await handedOn(packed, options))];
    if (kept.length === 0) return;
    const distant = new Map(kept.flatMap((each) => ("source" in each ? [[each.mount.blob.digest, each] as const] : [])));
    const mounts = kept.map((each) => ("source" in each ? each.mount : each));
    const document = packDocument({ type: MOUNTS_TYPE, bytes: serializeMounts(mounts) }, mounts.map(({ blob }) => blob), { imageManifest: true, ociMediaTypes: true });
    await using sink = await openExport(cache, { ...options, environment: process.env }, signal);
    await writeCache(sink, document, [], {
      step, onProgress, signal, underWay: new Map(),
      open: async (blob) => {
        const file = files.get(blob.digest);
        if (file !== undefined) return (start) => createReadStream(file, { start }) as AsyncIterable<Uint8Array>;
        const { source, place } = distant.get(blob.digest)!;
        return (start) => (start > 0 ? source.blobOpen(blob, { start, signal }) : verified(source.blobOpen(blob, { start, signal }), blob, place));
      },
      mountFrom: (blob) => [distant.get(blob.digest)?.source.repository].filter((repository) => repository !== undefined),
    });
  } finally {
    for (const file of files.values()) rmSync(file, { force: true });
  }
}

/** Packs the folders that this build has worked in, and those that nobody else has. The last used of a name goes. */
async function packFolders(packing: Packing, files: Map<Digest, string>, step: string, { store, folders, names, imported, onProgress, signal }: ExportMountsOptions): Promise<KeptMount[]> {
  const packed = new Map<string, KeptMount>();
  for (const { name, seed, path, used } of folders) {
    const key = `${name}\0${seed}`;
    if (!names.has(name) || packed.has(key) || (!used && (await imported?.find(name, seed)))) continue;
    const stat = lstatSync(path, { bigint: true });
    if (!stat.isDirectory()) continue;
    const output = join(store.temporary, `mount-${randomUUID()}`);
    try {
      const { diffId, digest, blobSize } = await inWorker<Parameters<typeof packLayer>[0], Awaited<ReturnType<typeof packLayer>>>(
        "layer/pack-layer.ts", "packLayer", { upper: path, lowers: [], output, ...packing }, { signal },
      );
      files.set(digest!, output);
      packed.set(key, { name, seed, diffId, blob: { mediaType: ociLayerType(packing.codec), digest: digest!, size: blobSize! }, mode: Number(stat.mode) & 0o7777, ...ownerOf(path, stat) });
    } catch (error) {
      rmSync(output, { force: true });
      signal.throwIfAborted();
      // Another build may be at work in it.
      onProgress({ type: "warning", id: step, message: `the cache mount ${name} is left out: ${error instanceof Error ? error.message : String(error)}` });
    }
  }
  return [...packed.values()];
}

/** What other machines have kept for the build's steps and no step has needed here. */
async function handedOn(packed: readonly KeptMount[], { names, imported }: ExportMountsOptions): Promise<DistantMount[]> {
  const known = new Set(packed.map(({ name, seed }) => `${name}\0${seed}`));
  const handed: DistantMount[] = [];
  for (const name of names) {
    for (const distant of (await imported?.named(name)) ?? []) {
      const key = `${name}\0${distant.mount.seed}`;
      if (known.has(key)) continue;
      known.add(key);
      handed.push(distant);
    }
  }
  return handed;
}
