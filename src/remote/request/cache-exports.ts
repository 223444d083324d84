import { resolve } from "node:path";
import { layoutDocument } from "../../carry/places/layout-source.ts";
import { folderFiles } from "../../carry/places/layout-files.ts";
import { layoutSink } from "../../carry/places/layout-sink.ts";
import { isDigest } from "../../oci/digest.ts";
import { parseObject } from "../../oci/manifest.ts";
import { fault } from "../../std/fault.ts";
import type { TypedAttrs, WorkerBuild } from "../worker-build.ts";

/** Caches that the worker writes; into folders of this machine by way of the session. */
export interface CacheExports {
  readonly exports: readonly TypedAttrs[];
  /** Folders that blobs may be written into, by the names that the worker has for them. */
  readonly written: ReadonlyMap<string, string>;
  /** Names the cache in its folder when the build is over, by what the worker says of it. @throws LAYOUT_INVALID, CACHE_EXPORT_FAILED */
  finish(response: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void>;
}

/** @throws LAYOUT_INVALID where a folder holds anything else, before the worker is asked */
export async function cacheExports({ cacheTo, cwd }: Pick<WorkerBuild, "cacheTo" | "cwd">, signal: AbortSignal): Promise<CacheExports> {
  const local = cacheTo.find(({ type }) => type === "local");
  if (local === undefined) return { exports: cacheTo, written: new Map(), finish: async () => undefined };
  const { dest = "", tag = "latest", "ignore-error": ignored } = local.attrs;
  const folder = resolve(cwd, dest);
  const sink = await layoutSink(folder, tag, signal);
  return {
    exports: cacheTo,
    written: new Map([[`local:${dest}`, folder]]),
    async finish({ "cache.manifest": told }, stop) {
      if (told === undefined && ignored !== undefined && ignored !== "false") return;
      if (told === undefined) throw fault("CACHE_EXPORT_FAILED", { cache: dest, reason: "the worker does not say what it wrote" });
      const { digest, mediaType } = parseObject(Buffer.from(told), "what the worker says of the cache");
      if (typeof digest !== "string" || !isDigest(digest) || typeof mediaType !== "string") throw fault("CACHE_EXPORT_FAILED", { cache: dest, reason: "the worker does not say what it wrote" });
      await sink.finish(await layoutDocument(folderFiles(folder), { digest, mediaType }, stop), { signal: stop });
    },
  };
}
