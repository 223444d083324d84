import { resolve } from "node:path";
import { isFault } from "../../std/fault.ts";
import type { OnProgress } from "../../std/progress.ts";
import type { TypedAttrs, WorkerBuild } from "../worker-build.ts";
import { layoutDigest } from "./inputs.ts";

/**
 * Where the worker looks for results, as the request and the frontend are told. Caches in folders of this machine are
 * read by way of the session; one that cannot be read is passed over with a warning.
 */
export function cacheImports({ cacheFrom, cwd }: Pick<WorkerBuild, "cacheFrom" | "cwd">, onProgress: OnProgress): { imports: TypedAttrs[]; attrs: Record<string, string>; layouts: Map<string, string> } {
  const layouts = new Map<string, string>();
  const imports = cacheFrom.flatMap(({ type, attrs }) => {
    if (type !== "local") return [{ type, attrs }];
    const { src = "", tag, digest, ...more } = attrs;
    try {
      const found = { ...more, src, digest: digest ?? layoutDigest(resolve(cwd, src), tag) };
      layouts.set(`local:${src}`, resolve(cwd, src));
      return [{ type, attrs: found }];
    } catch (error) {
      if (!isFault(error)) throw error;
      onProgress({ type: "warning", message: `the cache ${src} cannot be read: ${error.message}` });
      return [];
    }
  });
  const attrs: Record<string, string> = imports.length === 0 ? {} : { "cache-imports": JSON.stringify(imports.map(({ type, attrs: Attrs }) => ({ Type: type, Attrs }))) };
  return { imports, attrs, layouts };
}
