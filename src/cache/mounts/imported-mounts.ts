import type { Source } from "../../carry/place.ts";
import { readDocument } from "../../carry/read-document.ts";
import { fault } from "../../std/fault.ts";
import type { OnProgress } from "../../std/progress.ts";
import { CACHE_LIMIT } from "../cache-document.ts";
import type { CachePlace } from "../imported-caches.ts";
import { readSmallBlob } from "../read-cache.ts";
import { MOUNTS_TYPE, parseMounts, type KeptMount } from "./mount-document.ts";

/** A folder that lies elsewhere. */
export interface DistantMount {
  readonly mount: KeptMount;
  readonly source: Source;
  /** What messages call the place. */
  readonly place: string;
}

/**
 * The folders of --cache-mounts-from. The places are read side by side from the start; one that cannot be read gives a
 * warning and has nothing.
 */
export class ImportedMounts implements AsyncDisposable {
  readonly #places: Promise<readonly { readonly name: string; readonly source: Source; readonly mounts: readonly KeptMount[] }[]>;

  constructor(places: readonly CachePlace[], options: { readonly onProgress: OnProgress; readonly signal: AbortSignal }) {
    this.#places = Promise.all(places.map((place) => read(place, options))).then((all) => all.filter((each) => each !== undefined));
  }

  /** The folder of the first place that has it. */
  async find(name: string, seed: string): Promise<DistantMount | undefined> {
    for (const { name: place, source, mounts } of await this.#places) {
      const mount = mounts.find((each) => each.name === name && each.seed === seed);
      if (mount) return { mount, source, place };
    }
    return undefined;
  }

  /** All folders of that name. */
  async named(name: string): Promise<readonly DistantMount[]> {
    return (await this.#places).flatMap(({ name: place, source, mounts }) => mounts.filter((each) => each.name === name).map((mount) => ({ mount, source, place })));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { source } of await this.#places) await source[Symbol.asyncDispose]();
  }
}

/** Milliseconds that a build waits for a place. */
const PATIENCE = 90_000;

async function read(place: CachePlace, { onProgress, signal }: { onProgress: OnProgress; signal: AbortSignal }): Promise<{ name: string; source: Source; mounts: readonly KeptMount[] } | undefined> {
  const id = `importing cache mounts from ${place.name}`;
  const step = { type: "step", id, name: id, started: Date.now() } as const;
  onProgress(step);
  let source: Source | undefined;
  try {
    source = await place.open();
    const limited = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]);
    const document = readDocument(await source.root(limited), source.name);
    if (document.kind !== "manifest" || document.manifest.config.mediaType !== MOUNTS_TYPE) throw fault("CACHE_FOREIGN", { cache: place.name });
    return { name: place.name, source, mounts: parseMounts(await readSmallBlob(source, document.manifest.config, CACHE_LIMIT, limited), `the cache mounts ${place.name}`) };
  } catch (error) {
    if (source) await source[Symbol.asyncDispose]();
    if (!signal.aborted) onProgress({ type: "warning", id, message: `the cache mounts ${place.name} are not used: ${error instanceof Error ? error.message : String(error)}` });
    return undefined;
  } finally {
    onProgress({ ...step, completed: Date.now() });
  }
}
