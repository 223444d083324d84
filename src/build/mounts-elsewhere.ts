import type { CacheExport, CacheImport } from "../cache/cache-options.ts";
import type { ImportedMounts } from "../cache/mounts/imported-mounts.ts";
import type { Vertex } from "../graph/vertex.ts";
import type { OnProgress } from "../std/progress.ts";
import type { Store } from "../store/open-store.ts";
import type { CacheAccess } from "./build-caches.ts";

export interface MountsElsewhereOptions {
  readonly store: Store;
  readonly recordOwners: boolean;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

/** What other machines have kept of the folders of cache mounts, and which of these a build has worked in. */
export class MountsElsewhere implements AsyncDisposable {
  readonly imported: ImportedMounts | undefined;
  readonly #options: MountsElsewhereOptions;
  readonly #used = new Set<string>();

  constructor(imported: ImportedMounts | undefined, options: MountsElsewhereOptions) {
    this.imported = imported;
    this.#options = options;
  }

  /** Fills the folder of a cache mount that is new here. @returns false where nobody has it */
  async fill(wanted: { readonly name: string; readonly seed: string }, folder: string): Promise<boolean> {
    if (!this.imported) return false;
    return (await import("./import-mount.ts")).importMount(this.imported, wanted, folder, this.#options);
  }

  /** A step works in that folder. */
  used(path: string): void {
    this.#used.add(path);
  }

  /** Writes the folders of a target's cache mounts, whether its steps ran or not. @throws CACHE_EXPORT_FAILED */
  async export(caches: readonly CacheExport[], vertices: readonly Vertex[], access: CacheAccess): Promise<void> {
    const names = new Set(vertices.flatMap(({ operation }) => (operation.kind === "run" ? (operation.mounts ?? []).flatMap((mount) => (mount.kind === "cache" ? [mount.id] : [])) : [])));
    if (names.size === 0) return;
    const { store } = this.#options;
    const folders = store.cacheMounts.list().map(({ name, seed, path }) => ({ name, seed, path, used: this.#used.has(path) }));
    await (await import("./export-mounts.ts")).exportMounts(caches, { ...access, store, names, folders, imported: this.imported });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.imported?.[Symbol.asyncDispose]();
  }
}

/** What a build needs to share cache mounts; what reads places is loaded when there are any. */
export async function openMountsElsewhere(from: readonly CacheImport[], access: CacheAccess, options: MountsElsewhereOptions): Promise<MountsElsewhere> {
  if (from.length === 0) return new MountsElsewhere(undefined, options);
  const [{ ImportedMounts: Imported }, { importPlace }] = await Promise.all([import("../cache/mounts/imported-mounts.ts"), import("../cache/cache-places.ts")]);
  return new MountsElsewhere(new Imported(from.map((cache) => importPlace(cache, { ...access, environment: process.env })), options), options);
}
